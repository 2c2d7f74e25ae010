import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { exampleConfig } from '../../../../cli/night/example-config.ts';
import { nightSchema } from '../../../../core/config/night.ts';
import { nightAdvice } from '../../../../core/config/night-advice.ts';
import { nightJsonSchema } from '../../../../core/config/night-json-schema.ts';
import { parseNight, zoneOf } from '../../../../core/config/parse-night.ts';
import { ConfigurationError } from '../../../../core/config/problem.ts';
import { readYaml } from '../../../../core/night/read-yaml.ts';

const root = path.join(import.meta.dirname, '../../../..');
const guide = readFileSync(path.join(root, 'docs/plain-server.md'), 'utf8');

const schedules = [{ name: 'nightly', cron: '0 2 * * *' }];
const source = (more: object = {}): object => ({ name: 'shop', schedules, ...more });
const local = { name: 'local', url: 'file:///backups' };
const config = (more: object = {}): object => ({ sources: [source()], stores: [local], ...more });

function pathsOf(raw: unknown): string[] {
  try {
    parseNight(raw, 'pgproof.yaml');
    return [];
  } catch (error: unknown) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) {
      expect(Object.values(problem).every((part) => part !== '')).toBe(true);
      expect(problem.fix).toMatch(/[.…]$/);
    }
    expect(error.message).not.toContain('canary');
    return error.problems.map((problem) => problem.path).sort();
  }
}

test('the least there is, and its defaults', () => {
  const { sources, stores, ...rest } = parseNight(config(), 'x');
  expect(sources[0]).toMatchObject({
    lockWaitSeconds: 60,
    schedules: [{ cron: 'cron(0 2 * * ? *)', timeZone: 'UTC' }],
  });
  expect(stores).toEqual([local]);
  expect(rest).toEqual({
    copies: [],
    verify: { level: 'auto', without: [], allowUncontained: false },
    notify: { on: 'failures' },
  });
});

describe('what cannot be is told', () => {
  test.each<[object, string[]]>([
    [{ sources: [] }, ['sources']],
    [{ stores: [] }, ['stores']],
    [{ sources: [source(), source({ name: 'SHOP' })] }, ['sources[1].name']],
    [{ sources: [source({ name: 'status' })] }, ['sources[0].name']],
    [{ sources: [source({ store: 'nix' })] }, ['sources[0].store']],
    [{ sources: [source({ url: 'postgresql://u:canary@h/' })] }, ['sources[0].url']],
    [{ sources: [source({ url: 'postgresql://u:canary/x@h/' })] }, ['sources[0].url']],
    [{ sources: [source({ url: 'host=h password=canary' })] }, ['sources[0].url']],
    [{ sources: [source({ url: 'postgresql://h/?password=canary' })] }, ['sources[0].url']],
    [{ sources: [source({ password: 'canary' })] }, ['sources[0].password']],
    [{ sources: [source({ password: { env: 'not a name canary' } })] }, ['sources[0].password.env']],
    [{ sources: [source({ url: 'service=x', host: 'h' })] }, ['sources[0].host']],
    [{ sources: [source({ databases: ['a'], excludeDatabases: ['b'] })] }, ['sources[0].excludeDatabases']],
    [{ sources: [source({ schedules: [...schedules, ...schedules] })] }, ['sources[0].schedules[1].name']],
    [{ sources: [source({ schedules: [{ ...schedules[0], jobs: 4 }] })] }, ['sources[0].schedules[0].jobs']],
    [
      { stores: [local, { ...local, name: 'other' }], sources: [source({ store: 'local' })] },
      ['stores[1].url'],
    ],
    [{ stores: [local, { name: 'b', url: 's3://bkt/b' }] }, ['sources[0].store']],
    [
      { stores: [{ ...local, region: 'x', objectLock: { mode: 'governance', days: 1 } }] },
      ['stores[0].objectLock', 'stores[0].region'],
    ],
    [{ stores: [{ ...local, url: 's3://me:canary@bkt/x' }] }, ['stores[0].url']],
    [
      {
        stores: [{ name: 'b', url: 's3://bkt', profile: 'p', accessKey: { id: 'i', secret: { env: 'S' } } }],
      },
      ['stores[0].accessKey'],
    ],
    [
      { stores: [{ name: 'b', url: 's3://bkt', accessKey: { id: 'i', secret: 'canary' } }] },
      ['stores[0].accessKey.secret'],
    ],
    [{ copies: [{ name: 'c', url: 'file:///backups' }] }, ['copies[0].url']],
    [{ copies: [{ name: 'c', url: 'file:///backups/below' }] }, ['copies[0].url']],
    [{ copies: [{ name: 'c', url: 'file:///backups/../backups/' }] }, ['copies[0].url']],
    [{ copies: [{ name: 'c', url: 'file:///backups2' }] }, []],
    [{ copies: [{ name: 'Local', url: 's3://bkt/x' }] }, ['copies[0].name']],
    [{ copies: [{ name: 'c', url: 's3://bkt/x', from: 'nix' }] }, ['copies[0].from']],
    [{ prune: { keep: {} } }, ['prune.keep']],
    [{ prune: { keep: { daily: 0 } } }, ['prune.keep']],
    [{ prune: { keep: { daily: 7 } }, verify: { level: 'none' } }, ['prune.verified']],
    [{ verify: { level: 'read', without: ['extension x'] } }, ['verify.without']],
    [
      { sources: [source({ checks: [{ sql: 'select true' }] })], verify: { level: 'none' } },
      ['sources[0].checks'],
    ],
    [{ notify: { topicArn: 'canary' } }, ['notify.topicArn']],
    [
      { notify: { smtp: { host: 'h', from: 'a@b', to: [], password: 'canary' } } },
      ['notify.smtp.password', 'notify.smtp.to'],
    ],
    [{ backupLog: { url: 'postgresql://u:canary@h/log' } }, ['backupLog.url']],
    [{ hooks: { afterRun: 'rm -rf' } }, ['hooks.afterRun']],
  ])('%j', (more, paths) => {
    expect(pathsOf(config(more))).toEqual(paths);
  });

  test.each([[undefined], [null], [5], ['x'], [[]]])('%j is no configuration', (raw) => {
    expect(pathsOf(raw)).toEqual(['the whole file']);
  });
});

test('two services may each have a bucket of one name', () => {
  const places = { stores: [{ name: 'a', url: 's3://bkt/x', endpoint: 'https://one.example' }] };
  const copy = { name: 'c', url: 's3://bkt/x' };
  expect(pathsOf(config({ ...places, copies: [copy] }))).toEqual([]);
  expect(pathsOf(config({ ...places, copies: [{ ...copy, endpoint: 'https://one.example' }] }))).toEqual([
    'copies[0].url',
  ]);
});

test('a policy without a zone has that of the schedules, if they have one', () => {
  const berlin = [{ ...schedules[0], timeZone: 'Europe/Berlin' }];
  expect(zoneOf(parseNight(config({ sources: [source({ schedules: berlin })] }), 'x'))).toBe('Europe/Berlin');
  const two = [source({ schedules: berlin }), source({ name: 'b' })];
  expect(zoneOf(parseNight(config({ sources: two }), 'x'))).toBe('UTC');
});

/** Every path of the schema, arrays as `*`. */
function pathsIn(node: unknown, at = ''): string[] {
  const {
    properties = {},
    items,
    anyOf = [],
  } = node as {
    properties?: Record<string, unknown>;
    items?: unknown;
    anyOf?: unknown[];
  };
  const isReference = anyOf.some((one) => JSON.stringify(one).includes('"credential"'));
  return [
    at,
    ...Object.entries(properties).flatMap(([key, child]) => pathsIn(child, at === '' ? key : `${at}.${key}`)),
    ...(items === undefined ? [] : pathsIn(items, `${at}.*`)),
    ...(isReference ? [] : anyOf.flatMap((one) => pathsIn(one, at))),
  ];
}

const keys = [
  ...new Set(pathsIn(z.toJSONSchema(nightSchema, { io: 'input', unrepresentable: 'any' }))),
].sort();

test('there is advice for every key, and for no other', () => {
  expect(Object.keys(nightAdvice).sort()).toEqual(keys);
});

test('docs/plain-server.md has every key', () => {
  const wanted = keys
    .filter((key) => key !== '' && !key.endsWith('*'))
    .map((key) => key.replaceAll('.*', '[]'));
  // A policy, and a place, has its keys once.
  const shared = /^(stores\[\]|copies\[\])\.(?!name|from|maxAgeHours|prune$|url$)|^hooks\.[a-zA-Z]+\./;
  expect(wanted.filter((key) => !shared.test(key) && !guide.includes(`\`${key}\``))).toEqual([]);
  const below = new Set(
    wanted
      .filter((key) => shared.test(key))
      .map((key) => key.replace(/^(stores\[\]|copies\[\]|hooks\.[a-zA-Z]+)\./, '')),
  );
  expect([...below].filter((key) => !guide.includes(`${key}\``))).toEqual([]);
});

const compiled = (): ((value: unknown) => boolean) => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  return ajv.compile(
    JSON.parse(readFileSync(path.join(root, 'schema/pgproof.schema.json'), 'utf8')) as object,
  );
};

test('the published schema is up to date, takes the examples, and refuses what is wrong', () => {
  expect(JSON.parse(readFileSync(path.join(root, 'schema/pgproof.schema.json'), 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(nightJsonSchema())),
  );
  const isValid = compiled();
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(guide) ?? [];
  for (const text of [example, exampleConfig({ schema: undefined })]) {
    const { raw, problems } = readYaml(text);
    expect(problems).toEqual([]);
    expect(pathsOf(raw)).toEqual([]);
    expect(isValid(raw)).toBe(true);
  }
  expect(isValid(config())).toBe(true);
  for (const wrong of [
    {},
    [],
    config({ prunes: {} }),
    config({ stores: [{ name: 'x' }] }),
    config({ sources: [source({ password: 'text' })] }),
    config({ verify: { level: 'deep' } }),
    config({ notify: { on: 'never' } }),
  ])
    expect(isValid(wrong), JSON.stringify(wrong)).toBe(false);
});
