import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { withBackupFlags } from '../../../cli/backup-flags.ts';
import { defaultLevel, defaultPolicy, planDefaults } from '../../../core/config/defaults.ts';
import {
  compressionMethods,
  formats,
  levelChoices,
  notifyPolicies,
  objectLockModes,
  rowModes,
  storageClasses,
  transitionClasses,
  verdicts,
  verifyChoices,
} from '../../../core/vocabulary.ts';

const root = path.join(import.meta.dirname, '../../..');

/** The cells of every table row of a page; a pipe inside a cell is written `\|`. */
function rowsOf(page: string): string[][] {
  return readFileSync(path.join(root, 'docs', page), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const pages = { 'cli.md': rowsOf('cli.md'), 'configuration.md': rowsOf('configuration.md') };

/** The first row whose first cell begins with this option: backup is described before what shares its flags. */
function rowOf(page: keyof typeof pages, option: string): string[] {
  const found = pages[page].filter(([first = '']) => new RegExp(`^\`${option}[ \`]`).test(first));
  expect(found.length, option).toBeGreaterThan(0);
  return found[0] ?? [];
}

/** What stands in backquotes, without a level such as `[:1-22]` or `:1` behind it. */
function words(cell: string | undefined): string[] {
  const quoted = [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text.replace(/\[?:.*$/, ''));
  return [...new Set(quoted)].sort();
}

const sorted = (list: readonly string[]): string[] => [...list].sort();

describe('the tables name the words that an option takes, and no other', () => {
  test.each([
    ['--format', formats],
    ['--compress', compressionMethods],
    ['--verify', verifyChoices],
    ['--storage-class', storageClasses],
    ['--object-lock', objectLockModes],
  ])('cli.md: %s', (flag, list) => {
    expect(words(rowOf('cli.md', flag)[1])).toEqual(sorted(list));
  });

  test('cli.md: --rows', () => {
    expect(rowOf('cli.md', '--rows')[0]).toBe(`\`--rows ${rowModes.join('\\|')}\``);
  });

  test.each([
    ['level', levelChoices],
    ['verdict', verdicts],
  ])('cli.md: the table headed %s', (head, list) => {
    const firsts = pages['cli.md'].map(([first = '']) => first);
    const start = firsts.indexOf(head) + 1;
    const table = firsts.slice(start).findIndex((first) => !first.startsWith('`'));
    expect(sorted(firsts.slice(start, start + table))).toEqual(sorted(list.map((word) => `\`${word}\``)));
  });

  test.each([
    ['sources\\[\\]\\.schedules\\[\\]\\.format', formats],
    ['sources\\[\\]\\.schedules\\[\\]\\.compress', compressionMethods],
    ['bucket\\.transition\\.storageClass', transitionClasses],
    ['verify\\.level', levelChoices],
  ])('configuration.md: %s', (key, list) => {
    expect(words(rowOf('configuration.md', key)[2])).toEqual(sorted(list));
  });

  test('configuration.md: what is no default is named', () => {
    const rows = rowOf('configuration.md', 'sources\\[\\]\\.schedules\\[\\]\\.rows');
    expect(sorted([...words(rows[1]), ...words(rows[2])])).toEqual(sorted(rowModes));
    const notify = rowOf('configuration.md', 'alerts\\.notify');
    expect(sorted([...words(notify[1]), ...words(notify[2])])).toEqual(sorted(notifyPolicies));
  });
});

describe('the tables name the defaults', () => {
  test.each([
    ['--format', planDefaults.format],
    ['--jobs', planDefaults.jobs],
    ['--parallel', planDefaults.parallel],
    ['--rows', planDefaults.rows],
    ['--verify', defaultLevel.command],
    ['--lock-wait-timeout', planDefaults.lockWaitSeconds],
    ['--stall-timeout', planDefaults.stallSeconds],
  ])('cli.md: %s', (flag, value) => {
    expect(rowOf('cli.md', flag)[2]?.replaceAll('`', '')).toBe(String(value));
  });

  test.each([
    ['sources\\[\\]\\.schedules\\[\\]\\.format', planDefaults.format],
    ['sources\\[\\]\\.schedules\\[\\]\\.jobs', planDefaults.jobs],
    ['sources\\[\\]\\.schedules\\[\\]\\.parallel', planDefaults.parallel],
    ['sources\\[\\]\\.schedules\\[\\]\\.rows', planDefaults.rows],
    ['sources\\[\\]\\.lockWaitSeconds', planDefaults.lockWaitSeconds],
    ['sources\\[\\]\\.stallSeconds', planDefaults.stallSeconds],
    ['sources\\[\\]\\.fingerprint', planDefaults.fingerprint],
    ['alerts\\.notify', defaultPolicy],
    ['verify\\.level', defaultLevel.functions],
  ])('configuration.md: %s', (key, value) => {
    expect(rowOf('configuration.md', key)[1]?.replaceAll('`', '')).toBe(String(value));
  });
});

test('cli.md names every flag of backup', () => {
  const { options } = withBackupFlags(new Command());
  expect(options.length).toBeGreaterThan(20);
  const named = pages['cli.md']
    .flatMap(([first = '']) => words(first))
    .flatMap((text) => text.split(' ')[0] ?? []);
  expect(named).toEqual(expect.arrayContaining(options.map(({ long }) => long)));
});
