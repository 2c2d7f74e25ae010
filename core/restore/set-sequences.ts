import type { Client } from 'pg';
import { messageOf } from '../errors.ts';
import { qualifiedName } from '../postgres/names.ts';
import type { RestoreProblem } from '../postgres/pg-restore/restoration.ts';

/** As pg_dump writes it (dumpSequenceData). */
const setting = /^SELECT pg_catalog\.setval\('((?:[^']|'')*)', (-?\d+), (true|false)\);/s;

/**
 * Sets sequences that were there before to what the backup says, where that is further on: a value that was given since, or
 * that a restored row has, is not given a second time.
 *
 * @param statements `SELECT pg_catalog.setval(…)` of the archive
 */
export async function setSequences(client: Client, statements: readonly string[]): Promise<RestoreProblem[]> {
  const problems: RestoreProblem[] = [];
  for (const statement of statements) {
    const [, literal, value, isCalled] = setting.exec(statement) ?? [];
    if (literal === undefined) continue;
    const name = literal.replaceAll("''", "'");
    try {
      await setForward(client, { name, value: value ?? '', isCalled: isCalled === 'true' });
    } catch (error: unknown) {
      problems.push({ fault: 'environment', message: `${name} was not set: ${messageOf(error)}`, statement });
    }
  }
  return problems;
}

async function setForward(
  client: Client,
  { name, value, isCalled }: { readonly name: string; readonly value: string; readonly isCalled: boolean },
): Promise<void> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `select space.nspname as schema, own.relname as name
       from pg_catalog.pg_class own join pg_catalog.pg_namespace space on space.oid = own.relnamespace
      where own.oid = pg_catalog.to_regclass($1) and own.relkind = 'S'`,
    [name],
  );
  const [found] = rows;
  if (found === undefined) return;
  // By what comes next: a sequence whose first value was never given stands before it.
  await client.query(
    `select pg_catalog.setval(own.seqrelid, $2::bigint, $3)
       from pg_catalog.pg_sequence own, ${qualifiedName(found)} now
      where own.seqrelid = pg_catalog.to_regclass($1)
        and case when own.seqincrement > 0
                 then $2::numeric + case when $3 then own.seqincrement else 0 end
                      > now.last_value::numeric + case when now.is_called then own.seqincrement else 0 end
                 else $2::numeric + case when $3 then own.seqincrement else 0 end
                      < now.last_value::numeric + case when now.is_called then own.seqincrement else 0 end end`,
    [name, value, isCalled],
  );
}
