import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { messageOf } from '../../errors.ts';
import { decompressor } from '../archive/decompress.ts';
import { quoteConninfo } from '../libpq/conninfo.ts';
import { feedThrough } from './feed.ts';
import { knowsRestrict, restricted, withoutMakingPublic } from './plain-sql.ts';
import type { ProblemCollector } from './problems.ts';
import type { PgRestoreRequest, RestoreProblem } from './restoration.ts';
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
  const beginning = watchBeginning();
  const undecodable = await feedThrough(
    psql.child,
    source,
    [
      ...(unpack === undefined ? [] : [unpack]),
      beginning.passing,
      ...(request.makesPublic === undefined ? [] : [withoutMakingPublic()]),
      restricted(),
    ],
    signal,
  );
  if (undecodable !== undefined) return collector.add(damaged(archiveName, messageOf(undecodable)));
  await collector.ended(psql, signal);
  // What psql says of a page of HTML is about SQL, and of nothing at all it says nothing.
  if ((collector.result(undefined).problemCount > 0 || beginning.isEmpty()) && !beginning.isDump())
    collector.add(damaged(archiveName, "it does not begin with pg_dump's own first lines"));
}

function damaged(archiveName: string, why: string): RestoreProblem {
  return {
    fault: 'backup',
    endsRestore: true,
    isDamage: true,
    message: `the archive is damaged: ${archiveName} cannot be read: ${why}`,
  };
}

/** A comment that pg_dump writes first, in English whatever language it speaks. */
const firstLines = '-- PostgreSQL database dump';

/** Passes everything on, and knows afterwards how it began. */
function watchBeginning(): {
  readonly passing: Transform;
  readonly isEmpty: () => boolean;
  readonly isDump: () => boolean;
} {
  let begin = Buffer.alloc(0);
  const passing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (begin.length < 64) begin = Buffer.concat([begin, chunk.subarray(0, 64)]);
      done(null, chunk);
    },
  });
  return { passing, isEmpty: () => begin.length === 0, isDump: () => begin.includes(firstLines) };
}
