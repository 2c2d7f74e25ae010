import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../..');
const tops = ['lib', 'functions', 'cli', 'core', 'layers'];

/** Every source file of the product, relative to the repository. */
const files = tops
  .flatMap((top) =>
    readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' }).map((file) =>
      path.posix.join(top, file),
    ),
  )
  .filter((file) => file.endsWith('.ts') && !file.startsWith('layers/postgres/build/'))
  .sort();

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

// Also type-only imports, which a bundler would not see: knowing a shape is knowing.
const specifier =
  /(?:^|[\s;}])(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** What a file imports: files of the repository by their paths, packages by their names. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(specifier)].map(([, statement, call]) => {
    const name = statement ?? call ?? '';
    return name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name;
  });
}

const graph = new Map(files.map((file) => [file, importsOf(file)]));
const isOurs = (name: string): boolean => tops.some((top) => name.startsWith(`${top}/`));
const isCdk = (name: string): boolean => /^(aws-cdk-lib|constructs|cdk-nag)(\/|$)/.test(name);
const isContract = (name: string): boolean => /^functions\/[^/]+\/contract\.ts$/.test(name);

const within =
  (...rooms: readonly string[]) =>
  (file: string): boolean =>
    rooms.some((room) => file === room || file.startsWith(`${room}/`));

/** Every `file -> import` that breaks a rule. */
function offences(
  from: (file: string) => boolean,
  forbidden: (name: string, file: string) => boolean,
): string[] {
  return [...graph].flatMap(([file, imports]) =>
    from(file) ? imports.filter((name) => forbidden(name, file)).map((name) => `${file} -> ${name}`) : [],
  );
}

test('the import graph is the real one', () => {
  expect(files.length).toBeGreaterThan(200);
  expect(graph.get('lib/schedule.ts')).toEqual(
    expect.arrayContaining(['aws-cdk-lib/aws-scheduler', 'constructs', 'functions/backup/contract.ts']),
  );
  expect(graph.get('lib/index.ts')).toContain('lib/postgres-backup.ts');
  expect(
    offences(
      () => true,
      (name) => isOurs(name) && !existsSync(path.join(root, name)),
    ),
  ).toEqual([]);
});

/** What each top room may import of the others. Packages are the next tests' matter. */
const mayKnow: Readonly<Record<string, (name: string) => boolean>> = {
  lib: (name) => isContract(name) || within('core/vocabulary.ts', 'core/config', 'core/retention')(name),
  functions: within('core'),
  cli: within('core', 'layers'),
  core: () => false,
  // The layers are built for the command too, which tells their errors like its own.
  layers: within('core/errors.ts'),
};

test.each(tops)('%s/ imports only what the table of rooms lets it', (top) => {
  const allowed = mayKnow[top] ?? (() => false);
  expect(offences(within(top), (name) => isOurs(name) && !within(top)(name) && !allowed(name))).toEqual([]);
});

test('of the command, only programs.ts knows how layers are built', () => {
  expect(offences((file) => within('cli')(file) && file !== 'cli/programs.ts', within('layers'))).toEqual([]);
});

test('only lib/ knows the CDK', () => {
  expect(offences((file) => !within('lib')(file), isCdk)).toEqual([]);
});

test('no function imports another; functions/lambda is what they share', () => {
  const functionOf = (name: string): string | undefined => /^functions\/([^/]+)\//.exec(name)?.[1];
  expect(
    offences(within('functions'), (name, file) => {
      const target = functionOf(name);
      return target !== undefined && target !== 'lambda' && target !== functionOf(file);
    }),
  ).toEqual([]);
});

test('only what AWS starts knows what Lambda hands over', () => {
  const knows = (file: string): boolean =>
    file.endsWith('/handler.ts') || /^functions\/(lambda\/|[^/]+\/lambda-)/.test(file);
  const isLambdas = (name: string): boolean => /^(aws-lambda|@aws-lambda-powertools\/.*)$/.test(name);
  expect(offences((file) => !knows(file), isLambdas)).toEqual([]);
});

test('contracts import nothing heavy', () => {
  expect(files.filter(isContract).length).toBeGreaterThanOrEqual(3);
  const isLight = (name: string): boolean =>
    name === 'zod' || within('core/vocabulary.ts', 'core/config', 'functions/lambda/contract.ts')(name);
  expect(offences(isContract, (name) => !isLight(name))).toEqual([]);
});

const useCases = [
  'core/night',
  'core/backup',
  'core/verify',
  'core/restore',
  'core/prune',
  'core/copy',
  'core/report',
];

/** The rooms of core/ from what rests on others to what others rest on: imports go down the list only. */
const coreRooms = [
  ...useCases,
  'core/recovery',
  'core/inventory',
  'core/source',
  'core/store',
  'core/notify',
  'core/postgres/server',
  'core/postgres/pg-restore',
  'core/postgres/archive',
  'core/postgres/dump',
  'core/postgres/objects',
  'core/postgres/facts',
  'core/postgres/programs',
  'core/postgres/libpq',
  'core/postgres/connect',
  'core/postgres/names.ts',
  'core/scratch',
  'core/process',
  'core/manifest',
  'core/config',
  'core/retention',
  'core/errors.ts',
  'core/text',
  'core/version.ts',
  'core/vocabulary.ts',
];

const coreRoom = (name: string): number => coreRooms.findIndex((room) => within(room)(name));

test('every file of core/ is in a room that has its place in the order', () => {
  expect(files.filter((file) => within('core')(file) && coreRoom(file) < 0)).toEqual([]);
});

test('in core/ no import runs back up, and no use case knows another', () => {
  const climbs = (name: string, file: string): boolean =>
    within('core')(name) && coreRoom(name) < coreRoom(file);
  const crosses = (name: string, file: string): boolean =>
    within(...useCases)(name) && coreRoom(name) !== coreRoom(file);
  expect(offences(within('core'), climbs)).toEqual([]);
  expect(offences(within(...useCases), crosses)).toEqual([]);
});

/** Groups of nodes that reach each other (Tarjan's strongly connected components), of more than one. */
function circles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const own = index.size;
    index.set(node, own);
    low.set(node, own);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      const reached = !index.has(next) ? visit(next) : stack.includes(next) ? (index.get(next) ?? own) : own;
      low.set(node, Math.min(low.get(node) ?? own, reached));
    }
    if (low.get(node) === own) {
      const circle = stack.splice(stack.indexOf(node));
      if (circle.length > 1) found.push(circle.sort());
    }
    return low.get(node) ?? own;
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return found;
}

test('no file imports itself by way of others, not even a type', () => {
  expect(
    circles(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
  ).toEqual([['b', 'c']]);
  expect(circles(graph)).toEqual([]);
});

/** Values in, values out: no clock, no randomness, no world. */
const pure = files.filter(
  (file) =>
    within('core/manifest', 'core/config', 'core/retention', 'core/text', 'core/vocabulary.ts')(file) ||
    within(
      'core/process/failure-advice.ts',
      'core/store/key.ts',
      'core/store/s3/part-sizes.ts',
      'core/verify/prove/room.ts',
    )(file) ||
    within('lib/config')(file) ||
    isContract(file),
);

/** A file with all that it imports of the repository, directly or not. */
function closure(file: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const name of graph.get(file) ?? []) if (isOurs(name)) closure(name, seen);
  return seen;
}

test.each(pure)('%s is pure, with all that it imports', (file) => {
  const impure = [...closure(file)].flatMap((one) =>
    (graph.get(one) ?? [])
      .filter((name) => isBuiltin(name) || /^(pg|@aws-sdk\/|@aws-lambda-powertools\/)/.test(name))
      .map((name) => `${one} -> ${name}`),
  );
  expect(impure).toEqual([]);
  expect(read(file).match(/\bDate\.now\(|new Date\(\)|Math\.random\(|\bprocess\.|randomUUID/g)).toBeNull();
});

test('a handler parses, wires, calls and maps: under 40 lines', () => {
  const handlers = files.filter((file) => file.endsWith('/handler.ts'));
  expect(handlers.length).toBeGreaterThanOrEqual(3);
  expect(handlers.filter((file) => read(file).split('\n').length > 40)).toEqual([]);
});

test('what the command says goes through its edge, which escapes it, and nowhere else to a stream', () => {
  const writes = /\bprocess\.std(?:out|err)\.write\b|\bstream\.write\(|\bredrawing\(\w+\)|\bconsole\./;
  expect(files.filter((file) => within('cli')(file) && writes.test(read(file)))).toEqual([
    'cli/output/edge.ts',
  ]);
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
