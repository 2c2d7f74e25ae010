import { readable, type SchemaBlock, sameButForForm, schemaBlocks } from './schema-blocks.ts';

export type SchemaComparison = {
  /** Entries of the archive that were looked at. */
  readonly entries: number;
  /** One line each, for people. */
  readonly differences: readonly string[];
  /** Entries that the server words otherwise than it had read them, and means the same. */
  readonly reworded: number;
};

export type SchemaComparisonOptions = {
  /**
   * `text`: every statement must be the same; both come from one version of pg_dump, of servers of one major.
   * `presence`: what the archive has must be there; versions write the same thing in different words.
   */
  readonly by: 'text' | 'presence';
  /**
   * Whether pg_dump was asked for schemas by name: then it writes of `public` what it otherwise leaves to every database's
   * own one. The catalogs tell what that is like.
   */
  readonly isOfSchemas?: boolean | undefined;
};

const ofPublic: ReadonlySet<string> = new Set([
  'schema public',
  'comment SCHEMA public',
  'acl SCHEMA public',
]);

/**
 * Compares the schema that an archive holds with the one that pg_dump writes of the restored database, as sets: the
 * order of entries depends on object ids.
 * @param archive SQL of `pg_restore --schema-only`, bytes as Latin-1
 * @param restored SQL of `pg_dump --schema-only`, bytes as Latin-1
 */
export function compareSchemas(
  archive: string,
  restored: string,
  { by, isOfSchemas = false }: SchemaComparisonOptions,
): SchemaComparison {
  const blocksOf = (sql: string): SchemaBlock[] =>
    schemaBlocks(sql).filter(({ label }) => !(isOfSchemas && ofPublic.has(label)));
  const expected = byKey(blocksOf(archive));
  const found = byKey(blocksOf(restored));
  const differences: string[] = [];
  let entries = 0;
  let reworded = 0;
  for (const [key, blocks] of expected) {
    entries += blocks.length;
    const there = found.get(key) ?? [];
    const label = blocks[0]?.label ?? key;
    if (there.length < blocks.length) {
      differences.push(`${label} is missing`);
      continue;
    }
    if (by === 'presence') continue;
    const { left, extra } = unmatched(blocks, there);
    for (const block of left) {
      const near = extra.findIndex((other) => sameButForForm(block, other));
      if (near >= 0) {
        extra.splice(near, 1);
        reworded += 1;
      } else {
        differences.push(`${label} differs: ${firstDifference(block, extra.shift())}`);
      }
    }
    for (const block of extra) differences.push(`${block.label} is not in the archive`);
  }
  if (by === 'text') {
    for (const [key, blocks] of found) {
      if (expected.has(key)) continue;
      for (const block of blocks) differences.push(`${block.label} is not in the archive`);
    }
  }
  return { entries, differences, reworded };
}

function byKey(blocks: readonly SchemaBlock[]): Map<string, SchemaBlock[]> {
  const map = new Map<string, SchemaBlock[]>();
  for (const block of blocks) {
    const same = map.get(block.key);
    if (same === undefined) map.set(block.key, [block]);
    else same.push(block);
  }
  return map;
}

/** What is on one side only, where several entries have one name: comments on columns do not, overloads may. */
function unmatched(
  expected: readonly SchemaBlock[],
  found: readonly SchemaBlock[],
): { left: SchemaBlock[]; extra: SchemaBlock[] } {
  const extra = [...found];
  const left = expected.filter((block) => {
    const at = extra.findIndex(({ text }) => text === block.text);
    if (at >= 0) extra.splice(at, 1);
    return at < 0;
  });
  return { left, extra };
}

const shownLetters = 120;

function firstDifference(expected: SchemaBlock, found: SchemaBlock | undefined): string {
  const wanted = expected.text.split('\n');
  const got = (found?.text ?? '').split('\n');
  const at = wanted.findIndex((line, index) => line !== got[index]);
  const line = at < 0 ? wanted.length : at;
  return `the archive has ${quote(wanted[line])}, restored it is ${quote(got[line])}`;
}

function quote(line: string | undefined): string {
  if (line === undefined) return 'nothing more';
  const text = readable(line).trim();
  return text.length <= shownLetters ? text : `${text.slice(0, shownLetters - 1)}…`;
}
