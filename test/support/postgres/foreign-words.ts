import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { runSql } from './servers.ts';

/**
 * A locale that every server of ours has, and for which PostgreSQL has no translation: the one that is made here is in
 * German, so that tests of servers that speak no English run on every machine.
 */
export const foreignLocale = 'en_GB.UTF-8';

const words: Readonly<Record<string, string>> = {
  '': 'Content-Type: text/plain; charset=UTF-8\n',
  ERROR: 'FEHLER',
  WARNING: 'WARNUNG',
  NOTICE: 'HINWEIS',
  'relation "%s" does not exist': 'Relation »%s« gibt es nicht',
  'role "%s" does not exist': 'Rolle »%s« gibt es nicht',
  'permission denied for table %s': 'kein Recht an Tabelle %s',
  'must be member of role "%s"': 'nur für Mitglieder der Rolle »%s«',
  'must be able to SET ROLE "%s"': 'nur wer SET ROLE »%s« darf',
};

/** Has the servers of a tree of programs answer in German under {@link foreignLocale}. @param tree holds `usr` */
export async function addForeignWords(tree: string, major: string): Promise<void> {
  const path = join(tree, 'usr/share/locale/en_GB/LC_MESSAGES', `postgres-${major}.mo`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, catalogue(Object.entries(words)));
}

/** Whether this server does: programs of the system are not touched. */
export async function speaksForeign(server: ConnectionParameters): Promise<boolean> {
  const asked = runSql(server, `set lc_messages = '${foreignLocale}'; select from no_such_table`);
  return await asked.then(
    () => false,
    (error: unknown) => error instanceof Error && error.message.includes('gibt es nicht'),
  );
}

/** A file of messages as msgfmt makes it (the manual of GNU gettext, section "MO Files"): sorted, without a hash table. */
function catalogue(entries: readonly (readonly [string, string])[]): Buffer {
  const sorted = entries
    .map(([message, translation]) => [Buffer.from(message), Buffer.from(translation)] as const)
    .sort(([a], [b]) => Buffer.compare(a, b));
  const headBytes = 28;
  const tableBytes = 8 * sorted.length;
  const tables = Buffer.alloc(2 * tableBytes);
  const texts: Buffer[] = [];
  let end = headBytes + tables.length;
  [0, 1].forEach((side) => {
    sorted.forEach((pair, at) => {
      const text = pair[side] ?? Buffer.alloc(0);
      tables.writeUInt32LE(text.length, side * tableBytes + 8 * at);
      tables.writeUInt32LE(end, side * tableBytes + 8 * at + 4);
      texts.push(text, Buffer.from([0]));
      end += text.length + 1;
    });
  });
  const head = Buffer.alloc(headBytes);
  const numbers = [0x950412de, 0, sorted.length, headBytes, headBytes + tableBytes, 0, end];
  numbers.forEach((number, at) => {
    head.writeUInt32LE(number, 4 * at);
  });
  return Buffer.concat([head, tables, ...texts]);
}
