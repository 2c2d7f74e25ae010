import type { Client } from 'pg';
import type { Manifest } from '../../manifest/manifest.ts';
import type { Check } from '../../manifest/verification.ts';
import { decodesExactly, nameDecoder } from '../../postgres/facts/encodings.ts';
import { fingerprintLargeObjects } from '../../postgres/facts/table-fingerprint.ts';
import { quoteIdentifier } from '../../postgres/names.ts';
import { countLargeObjects } from '../../postgres/objects/read-objects.ts';
import { formatCount, plural } from '../../text/units.ts';
import { checkOf } from './differences.ts';

const ours = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/**
 * Every index must be valid: pg_dump writes no invalid ones, but for the parent of a partitioned index whose parts were
 * incomplete, which the schema tells. Every constraint must be checked, unless the archive itself says NOT VALID.
 * @param archiveSchema the archive's SQL, bytes as Latin-1; undefined where there is none to compare with
 */
export async function checkValid(client: Client, archiveSchema: string | undefined): Promise<Check> {
  const indexes = await client.query<{ name: string; valid: boolean }>(
    `select i.indexrelid::regclass::text as name, i.indisvalid as valid
       from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'i' and ${ours}`,
  );
  const constraints = await client.query<{ name: string; place: string; valid: boolean }>(
    // One that is not enforced (PostgreSQL 18) is never valid. As JSON, because older servers have no such column. What
    // follows from a constraint on or to a partitioned table is as valid as that one, under a name of the server's.
    `select conname as name, convalidated or to_jsonb(k)->>'conenforced' = 'false' as valid,
            coalesce(nullif(conrelid, 0)::regclass::text, format_type(contypid, null)) as place
       from pg_constraint k join pg_namespace n on n.oid = k.connamespace
      where ${ours} and k.conparentid = 0`,
  );
  const faults = indexes.rows.filter(({ valid }) => !valid).map(({ name }) => `index ${name} is not valid`);
  let recorded = 0;
  for (const { name, place, valid } of constraints.rows) {
    if (valid) continue;
    if (archiveSchema === undefined || isNotValid(archiveSchema, name)) recorded += 1;
    else faults.push(`constraint ${name} on ${place} was not checked`);
  }
  const passed = `${plural(indexes.rows.length, 'index', 'indexes')}, ${plural(constraints.rows.length, 'constraint')}`;
  const note = recorded === 0 ? '' : `; ${formatCount(recorded)} NOT VALID, as in the archive`;
  return checkOf('valid', { faults, passed: `${passed}${note}` });
}

/**
 * `ADD CONSTRAINT name … NOT VALID;`, on one line or with a definition of several. In quotes or without: that depends on
 * what the sessions that dumped and that ask are set to.
 */
function isNotValid(archiveSchema: string, name: string): boolean {
  // The archive is in the database's own encoding, which only ASCII is sure to survive.
  const isSure = /^[\x20-\x7e]*$/.test(name);
  const starts = isSure
    ? [`ADD CONSTRAINT ${name} `, `ADD CONSTRAINT ${quoteIdentifier(name)} `]
    : ['ADD CONSTRAINT '];
  return starts.some((start) => {
    for (let at = archiveSchema.indexOf(start); at >= 0; at = archiveSchema.indexOf(start, at + 1)) {
      const end = archiveSchema.indexOf(';\n', at);
      if (archiveSchema.slice(at, end < 0 ? undefined : end).endsWith(' NOT VALID')) return true;
    }
    return false;
  });
}

/** Their number, and their content where it was recorded. Undefined where the manifest does not say. */
export async function checkLargeObjects(
  client: Client,
  { largeObjects, largeObjectsFingerprint }: Pick<Manifest, 'largeObjects' | 'largeObjectsFingerprint'>,
): Promise<Check | undefined> {
  if (largeObjects === undefined) return undefined;
  const name = 'large objects';
  const found = await countLargeObjects(client);
  const passed = `${formatCount(found)}, as recorded`;
  if (found !== largeObjects) {
    const fault = `${formatCount(found)}, recorded were ${formatCount(largeObjects)}`;
    return checkOf(name, { faults: [fault], passed });
  }
  if (typeof largeObjectsFingerprint !== 'string') return checkOf(name, { faults: [], passed });
  await client.query('begin read only');
  const fingerprint = await fingerprintLargeObjects(client);
  await client.query('rollback');
  return checkOf(name, {
    faults:
      fingerprint !== null && fingerprint !== largeObjectsFingerprint ? ['they have other content'] : [],
    limits: fingerprint === null ? ['their fingerprint could not be taken here'] : [],
    passed: `${passed}, their content too`,
  });
}

/** What a sequence is set to, as the archive writes it: the name is SQL, quoted and with its schema. */
export type SequenceValue = { readonly sequence: string; readonly value: string; readonly isCalled: boolean };

const setval = /^SELECT pg_catalog\.setval\('((?:[^']|'')*)', (-?\d+), (true|false)\);$/gm;

/**
 * Out of the SQL that pg_restore writes of an archive's `SEQUENCE SET` entries, bytes as Latin-1. Without those whose
 * names the database's encoding may not give back as the server does.
 */
export function sequenceValues(sql: string, encoding: string): SequenceValue[] {
  const decode = nameDecoder(encoding);
  const found = [...sql.matchAll(setval)].filter(
    ([, name = '']) => decodesExactly(encoding) || /^[\x20-\x7e]*$/.test(name),
  );
  return found.map(([, name = '', value = '', called]) => ({
    sequence: decode(Buffer.from(name.replaceAll("''", "'"), 'latin1')),
    value,
    isCalled: called === 'true',
  }));
}

const perQuery = 200;

export async function compareSequences(client: Client, recorded: readonly SequenceValue[]): Promise<Check> {
  const faults: string[] = [];
  for (let start = 0; start < recorded.length; start += perQuery)
    for (const fault of await compareSome(client, recorded.slice(start, start + perQuery)))
      faults.push(fault);
  const passed = `${plural(recorded.length, 'value')}, as in the archive`;
  return checkOf('sequences', { faults, passed });
}

async function compareSome(client: Client, recorded: readonly SequenceValue[]): Promise<string[]> {
  // The names are an archive's: the server itself has to say what they name before they become part of a query.
  const names = await client.query<{ name: string | null }>(
    `select (select format('%I.%I', n.nspname, c.relname) from pg_class c
               join pg_namespace n on n.oid = c.relnamespace
              where c.oid = to_regclass(wanted) and c.relkind = 'S') as name
       from unnest($1::text[]) with ordinality as t(wanted, place) order by place`,
    [recorded.map(({ sequence }) => sequence)],
  );
  const present = names.rows.flatMap(({ name }, place) => (name === null ? [] : [{ name, place }]));
  const selects = present.map(
    ({ name, place }) =>
      `select ${place} as place, last_value::text as value, is_called as called from ${name}`,
  );
  const values = new Map<number, { value: string; called: boolean }>();
  if (selects.length > 0) {
    const { rows } = await client.query<{ place: number; value: string; called: boolean }>(
      selects.join(' union all '),
    );
    for (const row of rows) values.set(row.place, row);
  }
  return recorded.flatMap(({ sequence, value, isCalled }, place) => {
    const got = values.get(place);
    if (got === undefined) return [`${sequence} is missing`];
    if (got.value === value && got.called === isCalled) return [];
    return [`${sequence} is at ${got.value}, in the archive at ${value}`];
  });
}
