import { join } from 'node:path';
import { formatId, parseId } from '../../../core/manifest/backup-id.ts';
import type { Verification } from '../../../core/manifest/verification.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { quoteIdentifier } from '../../../core/postgres/names.ts';
import { realTools, runBackup, verifyNow, withDirectory, withFileStore } from '../backup/run.ts';
import { runSql } from '../postgres/servers.ts';
import { type ByHand, linesOf, restoreByHand } from './by-hand.ts';

export type Judged = {
  readonly verifications: readonly Verification[];
  readonly byHand: ByHand;
  /** Lines that pg_dump writes of one side only, where the restore by hand came to its end. */
  readonly differences: readonly string[];
};

/**
 * Backs a database up, verifies that by restore, and does by hand what the README says, into `target`: what `proven`
 * has to agree with.
 */
export async function judge(request: {
  readonly source: ConnectionParameters;
  /** Another server, of the same major. */
  readonly target: ConnectionParameters;
  readonly major: number;
  readonly times: number;
}): Promise<Judged> {
  const { source, target, major, times } = request;
  const { database } = source;
  return await withFileStore(async (store, _files, directory) => {
    const { databases } = await runBackup(source, store, { fingerprint: true }).outcome;
    const [done] = databases;
    if (done?.status !== 'done') throw new Error(JSON.stringify(databases));
    const id = parseId(done.id);
    const verifications: Verification[] = [];
    for (let time = 0; time < times; time += 1) {
      verifications.push(await verifyNow(store, done.id, 'restore'));
    }
    const { directory: programs } = await realTools(major);
    const settings = done.manifest.dump.settings ?? {};
    return await withDirectory(async (work) => {
      const backup = join(directory, ...formatId(id).split('/'));
      const { encoding } = done.manifest.server;
      const byHand = await restoreByHand({
        backup,
        work,
        database,
        settings,
        encoding,
        programs,
        target,
      });
      const differences =
        byHand.result === 'done'
          ? differencesOf(
              await linesOf(source, settings, encoding, programs),
              await linesOf({ ...target, database }, settings, encoding, programs),
            )
          : [];
      return { verifications, byHand, differences };
    });
  });
}

function differencesOf(before: readonly string[], after: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of before) left.set(line, (left.get(line) ?? 0) + 1);
  for (const line of after) left.set(line, (left.get(line) ?? 0) - 1);
  return [...left].flatMap(([line, count]) =>
    count === 0 ? [] : [`${count > 0 ? 'at the source' : 'restored'}: ${line}`],
  );
}

/** Drops all databases and roles of ours, so that the next case finds the server as new. */
export async function emptyServer(server: ConnectionParameters): Promise<void> {
  const databases = await runSql<{ name: string }>(
    server,
    `select datname as name from pg_database where datname not in ('postgres', 'template0', 'template1')`,
  );
  for (const { name } of databases) {
    // A template cannot be dropped, and subscriptions of one that lets nobody in cannot be looked for.
    await runSql(
      server,
      `alter database ${quoteIdentifier(name)} with is_template false allow_connections true connection limit -1`,
    );
    await dropSubscriptions({ ...server, database: name });
    await runSql(server, `drop database ${quoteIdentifier(name)} with (force)`);
  }
  // Rights on parameters are the server's, not a database's. By the server itself: names need not be text to us.
  await runSql(
    server,
    `do $$ declare role name; begin
       for role in select rolname from pg_roles where rolname !~ '^pg_' and rolname <> current_user loop
         execute format('drop owned by %1$I; drop role %1$I', role);
       end loop;
     end $$`,
  );
}

/** A database that has any cannot be dropped. They are connected to nothing: each is cut off from its slot first. */
async function dropSubscriptions(database: ConnectionParameters): Promise<void> {
  const subscriptions = await runSql<{ name: string }>(
    database,
    `select quote_ident(subname) as name from pg_subscription
      where subdbid = (select oid from pg_database where datname = current_database())`,
  );
  for (const { name } of subscriptions)
    await runSql(
      database,
      `alter subscription ${name} disable; alter subscription ${name} set (slot_name = none); drop subscription ${name}`,
    );
}

/** The verdict, and all that did not pass. */
export function told({ verdict, checks }: Verification): string {
  const bad = checks.filter(({ status }) => status !== 'passed');
  return [verdict, ...bad.map(({ name, detail }) => `${name}: ${detail}`)].join('\n');
}
