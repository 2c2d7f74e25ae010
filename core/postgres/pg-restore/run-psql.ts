import { createReadStream } from 'node:fs';
import { decompressor } from '../archive/decompress.ts';
import { quoteConninfo } from '../libpq/conninfo.ts';
import { feed } from './feed.ts';
import { knowsRestrict, restricted, withoutMakingPublic } from './plain-sql.ts';
import type { ProblemCollector } from './problems.ts';
import type { PgRestoreRequest } from './restoration.ts';
import { startProgram } from './start-program.ts';

/** Restores plain SQL with psql in its restricted mode; a psql that has none is not started. */
export async function runPsql(request: PgRestoreRequest, collector: ProblemCollector): Promise<void> {
  const { tools, archive, archiveName, database, exitOnError, signal } = request;
  if (!knowsRestrict(tools.version)) {
    const message = `psql ${tools.version} would run programs that a dump names (\\!); restricted mode came with 17.6, 16.10, 15.14, 14.19 and 13.22`;
    collector.add({ fault: 'environment', missing: 'a newer psql', message });
    return;
  }
  const args = [
    '--no-psqlrc',
    '--quiet',
    '--no-password',
    '--file=-',
    `--set=ON_ERROR_STOP=${exitOnError ? '1' : '0'}`,
    `--dbname=${quoteConninfo(database)}`,
  ];
  const psql = startProgram('psql', args, request, collector.reader());
  const source = archive.kind === 'path' ? createReadStream(archive.path) : archive.stream;
  const unpack = decompressor(archiveName);
  const steps = [
    ...(unpack === undefined ? [] : [unpack]),
    ...(request.makesPublic === undefined ? [] : [withoutMakingPublic()]),
    restricted(),
  ];
  await feed(psql.child, source, steps, signal);
  await collector.ended(psql, signal);
}
