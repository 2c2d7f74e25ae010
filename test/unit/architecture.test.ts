import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../..');
const rooms = ['lib', 'functions', 'cli', 'layers'];

/** Every source file of the rooms, relative to the repository. */
const files = rooms
  .flatMap((room) =>
    readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' }).map((file) =>
      path.posix.join(room, file),
    ),
  )
  .filter((file) => file.endsWith('.ts') && !file.startsWith('layers/postgres/build/'))
  .sort();

// Also type-only imports, which a bundler would not see: knowing a shape is knowing.
const specifier =
  /(?:^|[\s;}])(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** What a file imports: files of the repository by their paths, packages by their names. */
function importsOf(file: string): string[] {
  const source = readFileSync(path.join(root, file), 'utf8');
  return [...source.matchAll(specifier)].map(([, statement, call]) => {
    const name = statement ?? call ?? '';
    return name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name;
  });
}

const graph = new Map(files.map((file) => [file, importsOf(file)]));
const isOurs = (name: string): boolean => rooms.some((room) => name.startsWith(`${room}/`));
const isCdk = (name: string): boolean => /^(aws-cdk-lib|constructs|cdk-nag)(\/|$)/.test(name);
const isContract = (name: string): boolean => /^functions\/[^/]+\/contract\.ts$/.test(name);
/** `backup` for functions/backup/plan.ts, `shared` for what all may use. */
const functionOf = (name: string): string | undefined => /^functions\/([^/]+)\//.exec(name)?.[1];

/** Every `file -> import` that breaks a rule. */
function offences(
  from: (file: string) => boolean,
  forbidden: (name: string, file: string) => boolean,
): string[] {
  return [...graph].flatMap(([file, imports]) =>
    from(file) ? imports.filter((name) => forbidden(name, file)).map((name) => `${file} -> ${name}`) : [],
  );
}

const within =
  (room: string) =>
  (file: string): boolean =>
    file.startsWith(`${room}/`);

test('the import graph is the real one', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(graph.get('lib/schedule.ts')).toEqual(
    expect.arrayContaining(['aws-cdk-lib/aws-scheduler', 'constructs', 'functions/backup/contract.ts']),
  );
  expect(graph.get('lib/index.ts')).toContain('lib/postgres-backup.ts');
  const dangling = [...graph].flatMap(([file, imports]) =>
    imports
      .filter((name) => isOurs(name) && !existsSync(path.join(root, name)))
      .map((name) => `${file} -> ${name}`),
  );
  expect(dangling).toEqual([]);
});

test('lib/ knows of the functions nothing but their contracts', () => {
  expect(
    offences(within('lib'), (name) => isOurs(name) && !within('lib')(name) && !isContract(name)),
  ).toEqual([]);
});

test('only lib/ knows the CDK, and nothing knows lib/', () => {
  expect(
    offences(
      (file) => !within('lib')(file),
      (name) => isCdk(name) || within('lib')(name),
    ),
  ).toEqual([]);
});

test('no function imports another, and what they share imports none', () => {
  expect(
    offences(within('functions'), (name, file) => {
      const target = functionOf(name);
      return target !== undefined && target !== 'shared' && target !== functionOf(file);
    }),
  ).toEqual([]);
});

test('functions do not know the command, and the command knows use cases, not handlers', () => {
  expect(offences(within('functions'), within('cli'))).toEqual([]);
  expect(offences(within('cli'), (name) => /^functions\/[^/]+\/handler\.ts$/.test(name))).toEqual([]);
});

test('only handlers and functions/shared/lambda know what Lambda hands over', () => {
  const mayKnow = (file: string): boolean =>
    file.endsWith('/handler.ts') || /^functions\/(shared\/lambda\/|[^/]+\/lambda-)/.test(file);
  expect(
    offences(
      (file) => !mayKnow(file),
      (name) => name === 'aws-lambda',
    ),
  ).toEqual([]);
});

test('contracts import nothing heavy', () => {
  expect(files.filter(isContract).length).toBeGreaterThanOrEqual(2);
  expect(offences(isContract, (name) => name !== 'zod')).toEqual([]);
});

/** Values in, values out: no clock, no randomness, no world. */
const pure = [
  'functions/shared/manifest/backup-id.ts',
  'functions/shared/manifest/manifest.ts',
  'functions/shared/manifest/verification.ts',
  'functions/shared/store/key.ts',
  'functions/shared/store/part-plan.ts',
  'lib/config-contradictions.ts',
  'lib/config-examples.ts',
  'lib/config-schema.ts',
  'lib/cron.ts',
];

/** A file with all that it imports of the repository, directly or not. */
function closure(file: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const name of graph.get(file) ?? []) if (isOurs(name)) closure(name, seen);
  return seen;
}

test.each(pure)('%s is pure, with all that it imports', (file) => {
  expect(files).toContain(file);
  const impure = [...closure(file)].flatMap((one) =>
    (graph.get(one) ?? [])
      .filter((name) => isBuiltin(name) || /^(pg|@aws-sdk\/|@aws-lambda-powertools\/)/.test(name))
      .map((name) => `${one} -> ${name}`),
  );
  expect(impure).toEqual([]);
  const source = readFileSync(path.join(root, file), 'utf8');
  expect(source.match(/\bDate\.now\(|new Date\(\)|Math\.random\(|\bprocess\.|randomUUID/g)).toBeNull();
});

test('a handler parses, wires, calls and maps: under 40 lines', () => {
  const handlers = files.filter((file) => file.endsWith('/handler.ts'));
  expect(handlers.length).toBeGreaterThanOrEqual(2);
  const long = handlers.filter((file) => readFileSync(path.join(root, file), 'utf8').split('\n').length > 40);
  expect(long).toEqual([]);
});

test('no file and no directory has a name that says nothing', () => {
  const empty = /^(utils?|helpers?|common|managers?|base|misc|lib)$/;
  const meaningless = files.filter((file) =>
    file
      .replace(/\.ts$/, '')
      .split('/')
      .slice(1)
      .some((part) => empty.test(part)),
  );
  expect(meaningless).toEqual([]);
});
