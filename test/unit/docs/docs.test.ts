import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../../..');

const pages = [
  'CONTRIBUTING.md',
  'README.md',
  'SECURITY.md',
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.posix.join('docs', file)),
];

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const isThere = (file: string): boolean =>
  statSync(path.join(root, file), { throwIfNoEntry: false }) !== undefined;

/** As GitHub makes them of headings. */
function anchorsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The links of a page that lead to nothing in the repository. */
function brokenLinks(page: string): string[] {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
    return !isThere(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
}

/** What looks like a path of the repository, in backticks or in a block of commands; `*` stands for one name. */
const pathInText = /(?<![\w/.-])(?:lib|functions|cli|core|layers|test|bench|docs|\.ci)\/[\w/.*-]*/g;

function pathsIn(page: string): string[] {
  const code = [...read(page).matchAll(/```[\s\S]*?```|`[^`\n]+`/g)].map(([text]) => text);
  return code.flatMap((text) => text.match(pathInText) ?? []).map((found) => found.replace(/[./]+$/, ''));
}

/** Built on each machine, and in no clone at first. */
const isBuilt = (name: string): boolean => /^layers\/postgres\/build(\/|$)/.test(name);

/** A room that has its place in the order of imports, and may have nothing in it yet. */
const isRoom = (name: string): boolean => read('test/unit/architecture.test.ts').includes(`'${name}'`);

function isPath(name: string): boolean {
  const [before = '', after] = name.split('*');
  if (after === undefined) return isThere(name) || isRoom(name);
  return readdirSync(path.join(root, before)).some((one) => isThere(`${before}${one}${after}`));
}

test('the reading of pages finds what is there', () => {
  expect(pages.length).toBeGreaterThan(12);
  expect(pathsIn('CONTRIBUTING.md')).toEqual(
    expect.arrayContaining(['core/backup/plan.ts', 'functions/*/contract.ts', 'core/store/s3', 'test/stack']),
  );
  expect(isPath('functions/*/nothing.ts')).toBe(false);
  expect(anchorsOf('docs/restore.md')).toContain('in-an-emergency');
});

test.each(pages)('every path and every link of %s leads somewhere', (page) => {
  expect(brokenLinks(page)).toEqual([]);
  expect(pathsIn(page).filter((name) => !isBuilt(name) && !isPath(name))).toEqual([]);
});

/** The rows of CONTRIBUTING's table: what to change, the one file, and the names to look at there. */
function placesToChange(): { readonly change: string; readonly files: string[]; readonly names: string[] }[] {
  const [, section = ''] = /^## Where do I change …\n([\s\S]*?)^## /m.exec(read('CONTRIBUTING.md')) ?? [];
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && line.includes('`'));
  const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
  return rows.map((row) => {
    const [, change = '', file = '', at = ''] = row.split('|');
    return { change: change.trim(), files: quoted(file), names: quoted(at) };
  });
}

test('each change has exactly one place, and what is looked for stands there', () => {
  const places = placesToChange();
  expect(places.length).toBeGreaterThanOrEqual(12);
  for (const { change, files, names } of places) {
    expect(files, change).toHaveLength(1);
    expect(names.length, change).toBeGreaterThan(0);
    const text = read(files[0] ?? '');
    for (const name of names) expect(text, change).toMatch(new RegExp(`\\b${name}\\b`));
  }
});

test('CONTRIBUTING names every room', () => {
  const text = read('CONTRIBUTING.md');
  const rooms = ['', 'core/', 'core/postgres/'].flatMap((parent) =>
    (parent === '' ? ['lib', 'functions', 'cli', 'core'] : readdirSync(path.join(root, parent)))
      .map((name) => `${parent}${name}`)
      .filter((room) => room !== 'core/postgres' && statSync(path.join(root, room)).isDirectory()),
  );
  expect(rooms.filter((room) => !text.includes(`\`${room}/\``))).toEqual([]);
});
