import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listedDocuments, nightly } from '../test/support/backup/listed.ts';
import type { Step } from './measure.ts';

/** The names under which steps are compared. */
export const listNames = {
  many: 'list 2 000 backups',
  newest: 'list 20 of 2 000',
  few: 'list 20 backups',
} as const;

/** Lists of made-up backups in a directory, whose manifests have 100 kB: as much as one of a hundred tables. */
export async function listSteps(cli: string, scratch: string, env: Step['env']): Promise<Step[]> {
  const [many, few] = [join(scratch, 'many'), join(scratch, 'few')];
  await fill(many, 2_000);
  await fill(few, 20);
  const list = (name: string, directory: string, ...more: string[]): Step => ({
    name,
    note: 'no database',
    file: process.execPath,
    args: [cli, 'list', '--json', '--store', `file://${directory}`, ...more],
    // A cache that cannot be: what is remembered would be measured from the second round on.
    env: { ...env, XDG_CACHE_HOME: '/dev/null' },
  });
  return [
    list(listNames.many, many),
    list(listNames.newest, many, '--limit', '20'),
    list(listNames.few, few),
  ];
}

async function fill(directory: string, count: number): Promise<void> {
  for (let night = 0; night < count; night += 1) {
    for (const [key, bytes] of listedDocuments({ id: nightly(night), manifestBytes: 100_000 })) {
      await mkdir(join(directory, dirname(key)), { recursive: true });
      await writeFile(join(directory, key), bytes);
    }
  }
}
