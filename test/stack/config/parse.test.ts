import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { knownKeys } from '../../../core/config/read-config.ts';
import { advice } from '../../../lib/config/advice.ts';
import { examplesIn } from '../../../lib/config/examples.ts';
import { type ConfigProblem, ConfigurationError, parseConfig } from '../../../lib/config/parse.ts';
import { configSchema } from '../../../lib/config/schema.ts';
import { configuration, kmsKeyArn, secretArn, serverLayerArn } from '../../support/stack/stack.ts';

function problemsOf(config: unknown): readonly ConfigProblem[] {
  try {
    parseConfig(config);
  } catch (error: unknown) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

const pathsOf = (config: unknown): string[] => problemsOf(config).map((problem) => problem.path);
const iam = { host: 'db.acme.test', user: 'backup', resourceId: 'db-ABCDEFGH' };
const nightly = { name: 'nightly', cron: 'cron(0 2 * * ? *)' };

test('fills in every default', () => {
  const { schedules } = { schedules: [nightly] };
  expect(parseConfig({ sources: [{ name: 'a', secretArn, schedules }], alerts: { emails: [] } })).toEqual({
    stackName: 'pgproof',
    sources: [
      {
        name: 'a',
        secretArn,
        fingerprint: false,
        globals: { rolePasswords: true },
        schedules: [{ ...nightly, timeZone: 'UTC' }],
      },
    ],
    bucket: { kms: false, abortIncompleteUploadsAfterDays: 3, keepDeletedVersionsDays: 30 },
    alerts: { emails: [], notify: 'failures' },
    functions: {
      architecture: 'arm64',
      memoryMiB: 2048,
      temporaryStorageMiB: 512,
      timeoutMinutes: 15,
      logRetentionDays: 90,
    },
    layer: { majors: [15, 17, 18] },
    verify: {
      level: 'auto',
      without: [],
      allowUncontained: false,
      extensions: [],
      locales: [],
      memoryMiB: 2048,
      timeoutMinutes: 15,
    },
    restore: { enabled: false, memoryMiB: 2048, temporaryStorageMiB: 10_240, timeoutMinutes: 15 },
    copies: [],
  });
});

test('reports all problems at once, each with path, got, expected and fix', () => {
  const problems = problemsOf({
    sources: [
      { name: '../x', secretArn: 'secret', schedules: [{ ...nightly, cron: 'cron(0 25 * * ? *)', jobs: 4 }] },
      { name: 'b', schedules: [] },
    ],
    functions: { timeoutMinutes: 20, architecture: 'arm' },
    network: { vpcId: 'vpc', subnetIds: [], endpoints: true },
    alerts: { emails: ['nobody'] },
  });
  expect(problems.map((problem) => problem.path)).toEqual([
    'sources[0].name',
    'sources[0].secretArn',
    'sources[0].schedules[0].cron',
    'sources[1].schedules',
    'alerts.emails[0]',
    'network.vpcId',
    'network.subnetIds',
    'functions.architecture',
    'functions.timeoutMinutes',
    'sources[0].schedules[0].jobs',
    'sources[1]',
    'network.routeTableIds',
  ]);
  for (const problem of problems) {
    expect(problem.got).not.toBe('');
    expect(problem.expected).not.toBe('');
    expect(problem.fix).toMatch(/[.…]$/);
  }
  expect(problems[2]).toEqual({
    path: 'sources[0].schedules[0].cron',
    got: '"cron(0 25 * * ? *)" (25 is no hours)',
    ...advice['sources.*.schedules.*.cron'],
  });
});

test.each([
  [{ restore: { enabled: true } }, { secretArn: undefined, iam }, 'restore.secretArns'],
  [{ restore: { enabled: true, secretKmsKeyArn: kmsKeyArn } }, {}, 'restore.secretKmsKeyArn'],
  [{ verify: { layerArn: serverLayerArn, extensions: ['pgvector'] } }, {}, 'verify.extensions'],
  [{ verify: { without: ['aws_commons'] } }, {}, 'verify.without[0]'],
  [{ verify: { level: 'read', without: ['extension x'] } }, {}, 'verify.without'],
  [{ verify: { allowUncontained: 'yes' } }, {}, 'verify.allowUncontained'],
  [{ verify: { extensions: ['; rm -rf /'] } }, {}, 'verify.extensions[0]'],
  [{}, { checks: [{ sql: `select ${'x'.repeat(2_500)}` }] }, 'sources[0].checks'],
  [{}, { checks: [{ sql: `select '${'ä'.repeat(1_250)}'` }] }, 'sources[0].checks'],
  [{ verify: { level: 'read' } }, { checks: [{ sql: 'select true' }] }, 'sources[0].checks'],
  [{}, { checks: [{ query: 'select true' }] }, 'sources[0].checks[0].sql'],
  [{}, { checks: [{ sql: 'select true', command: ['/opt/check'] }] }, 'sources[0].checks[0].command'],
  [{}, { checks: [{ sql: 'select true', timeoutSeconds: 5 }] }, 'sources[0].checks[0].timeoutSeconds'],
  [{}, { checks: [{ command: ['./check'] }] }, 'sources[0].checks[0].command'],
  [{}, { checks: [{ command: ['/home/me/check'] }] }, 'sources[0].checks[0].command[0]'],
  [{}, { fingerprint: true, schedules: [{ ...nightly, rows: 'none' }] }, 'sources[0].schedules[0].rows'],
  // The function would only say so at night.
  [{}, { schedules: [{ ...nightly, compress: 'zstd:23' }] }, 'sources[0].schedules[0].compress'],
  [{}, { schedules: [{ ...nightly, compress: 'none:1' }] }, 'sources[0].schedules[0].compress'],
])('what cannot be is told: %j %j', (changes, source, expected) => {
  expect(problemsOf(configuration(changes, source)).map((problem) => problem.path)).toContain(expected);
});

test('one message carries every problem on a line of its own', () => {
  expect(() =>
    parseConfig({ sources: [], alerts: { emails: [] }, functions: { timeoutMinutes: 16 } }),
  ).toThrow(
    [
      'The configuration (cdk.json, context key pgproof) has 2 problems:',
      '  sources: got an empty list, expected a list with at least one source. Describe each PostgreSQL server as one source.',
      '  functions.timeoutMinutes: got 16, expected a whole number from 1 to 15 (minutes). Lambda ends a function after 15 minutes; back up larger databases with the pgproof command.',
    ].join('\n'),
  );
});

test('an unknown key is an error that names the known ones and keeps its value to itself', () => {
  const problems = problemsOf(configuration({}, { password: 'canary-7f3a' }));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ path: 'sources[0].password', got: 'an unknown key' });
  expect(problems[0]?.expected).toContain('secretArn, secretKmsKeyArn');
  expect(JSON.stringify(problems)).not.toContain('canary');
});

test.each([[undefined], [null], [5], ['x'], [[]]])('%j is no configuration', (raw) => {
  expect(pathsOf(raw)).toEqual(['pgproof']);
});

test.each<[string, object, string]>([
  ['no way to log in', configuration({}, { secretArn: undefined }), 'sources[0]'],
  ['two ways to log in', configuration({}, { iam }), 'sources[0]'],
  ['host beside iam', configuration({}, { secretArn: undefined, iam, host: 'x' }), 'sources[0].host'],
  ['port beside iam', configuration({}, { secretArn: undefined, iam, port: 1 }), 'sources[0].port'],
  [
    'a key for no secret',
    configuration({}, { secretArn: undefined, iam, secretKmsKeyArn: kmsKeyArn }),
    'sources[0].secretKmsKeyArn',
  ],
  [
    'both lists',
    configuration({}, { databases: ['a'], excludeDatabases: ['b'] }),
    'sources[0].excludeDatabases',
  ],
  [
    'both lists in a schedule',
    configuration({}, { schedules: [{ ...nightly, databases: ['a'], excludeDatabases: ['b'] }] }),
    'sources[0].schedules[0].excludeDatabases',
  ],
  [
    'a schema asked for and left out',
    configuration({}, { schemas: ['app', 'old'], excludeSchemas: ['old'] }),
    'sources[0].excludeSchemas',
  ],
  [
    'a schema that a schedule asks for and the source leaves out',
    configuration({}, { excludeSchemas: ['old'], schedules: [{ ...nightly, schemas: ['old'] }] }),
    'sources[0].schedules[0].excludeSchemas',
  ],
  ['a schedule twice', configuration({}, { schedules: [nightly, nightly] }), 'sources[0].schedules[1].name'],
  [
    'workers for one file',
    configuration({}, { schedules: [{ ...nightly, jobs: 2, format: 'custom' }] }),
    'sources[0].schedules[0].jobs',
  ],
  ['a source twice', configuration({ sources: [source(), source()] }), 'sources[1].name'],
  [
    'a name for a bucket that is there',
    configuration({ bucket: { existing: 'abc', name: 'def' } }),
    'bucket.name',
  ],
  [
    'rules for a bucket of others',
    configuration({ bucket: { existing: 'abc', keepDeletedVersionsDays: 3 } }),
    'bucket.keepDeletedVersionsDays',
  ],
  [
    'a transition that S3 refuses',
    configuration({ bucket: { transition: { storageClass: 'STANDARD_IA', afterDays: 29 } } }),
    'bucket.transition.afterDays',
  ],
  [
    'a class that has to thaw',
    configuration({ bucket: { transition: { storageClass: 'GLACIER_DEEP', afterDays: 30 } } }),
    'bucket.transition.storageClass',
  ],
  [
    'endpoints without route tables',
    configuration({ network: { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'], endpoints: true } }),
    'network.routeTableIds',
  ],
  [
    'majors of a layer that is there',
    configuration({ layer: { arn: layer(), majors: [17] } }),
    'layer.majors',
  ],
  [
    'an IAM user with a wildcard',
    configuration({}, { secretArn: undefined, iam: { ...iam, user: '*' } }),
    'sources[0].iam.user',
  ],
  [
    'a secret without its six characters',
    configuration({}, { secretArn: secretArn.slice(0, -7) }),
    'sources[0].secretArn',
  ],
  ['a prefix that climbs', configuration({ bucket: { prefix: 'a/../b' } }), 'bucket.prefix'],
  ['a prefix with a wildcard', configuration({ bucket: { prefix: 'a*' } }), 'bucket.prefix'],
  ['a prefix with a slash at its end', configuration({ bucket: { prefix: 'a/' } }), 'bucket.prefix'],
])('refuses %s', (_, config, where) => {
  expect(pathsOf(config)).toEqual([where]);
});

function source(): object {
  return { name: 'a', secretArn, schedules: [nightly] };
}

function layer(): string {
  return 'arn:aws:lambda:eu-central-1:210987654321:layer:postgres:3';
}

test('accepts a secret that RDS manages, and the transition that needs no thirty days', () => {
  const managed = 'arn:aws:secretsmanager:eu-central-1:210987654321:secret:rds!db-0a1b2c3d-AbCdEf';
  expect(pathsOf(configuration({}, { secretArn: managed, host: 'db.acme.test' }))).toEqual([]);
  const bucket = { transition: { storageClass: 'GLACIER_IR', afterDays: 0 } };
  expect(pathsOf(configuration({ bucket }))).toEqual([]);
});

/** Every path of the schema, arrays as `*`. */
function pathsOfSchema(schema: Record<string, unknown>, at = ''): string[] {
  const below = (key: string): string => (at === '' ? key : `${at}.${key}`);
  const properties = (schema.properties ?? {}) as Record<string, Record<string, unknown>>;
  const anyOf = (schema.anyOf ?? []) as Record<string, unknown>[];
  const items = schema.items as Record<string, unknown> | undefined;
  return [
    at,
    ...Object.entries(properties).flatMap(([key, value]) => pathsOfSchema(value, below(key))),
    ...(items === undefined ? [] : pathsOfSchema(items, below('*'))),
    ...anyOf.flatMap((one) => pathsOfSchema(one, at).filter((path) => path !== at)),
  ];
}

const schemaPaths = pathsOfSchema(z.toJSONSchema(configSchema, { io: 'input' }) as Record<string, unknown>);

test('there is advice for every key, and for no other', () => {
  expect(Object.keys(advice).sort()).toEqual(schemaPaths.sort());
  expect(knownKeys(advice, 'restore')).toEqual([
    'enabled',
    'secretArns',
    'secretKmsKeyArn',
    'memoryMiB',
    'temporaryStorageMiB',
    'timeoutMinutes',
  ]);
});

const guide = readFileSync(path.join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');

test('the example in docs/configuration.md is a configuration', () => {
  const [, example] = /```json\n(.*?)```/s.exec(guide) ?? [];
  expect(problemsOf(JSON.parse(example ?? ''))).toEqual([]);
});

test('docs/configuration.md has every key', () => {
  const keys = schemaPaths.filter((key) => key !== '' && !key.endsWith('*'));
  const documented = keys.filter((key) => guide.includes(`\`${key.replaceAll('.*', '[]')}\``));
  expect(documented).toEqual(keys);
});

test('tells the values of the example from those of a user', () => {
  expect(examplesIn(parseConfig(configuration()))).toEqual([]);
  const example = configuration(
    { alerts: { emails: ['ops@acme.test', 'you@example.com'] } },
    { secretArn: secretArn.replace('210987654321', '123456789012') },
  );
  expect(examplesIn(parseConfig(example))).toEqual(['sources[0].secretArn', 'alerts.emails[1]']);
});

test.each([
  [{ host: 'postgresql://me:canary@db.example.com/app' }],
  [{ host: 'me:canary@db' }],
  [{ host: 'canary/x' }],
  [{ secretArn: 'canary' }],
  [{ secretArn: 'postgresql://me:canary@db/app' }],
  [{ sslMode: 'postgresql://me:canary@db/app' }],
  [{ secretArn: undefined, iam: { host: 'db:canary', user: 'a', resourceId: 'db-X' } }],
  [{ password: 'canary' }],
])('of %j nothing is repeated in a build log', (wrong) => {
  const raw = configuration({}, wrong);
  expect(() => parseConfig(raw)).toThrow(ConfigurationError);
  expect(() => parseConfig(raw)).toThrow(/^(?!.*canary).*$/s);
});

test('a source is not called as the place of the status page', () => {
  const [problem, ...others] = problemsOf(configuration({}, { name: 'Status' }));
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ path: 'sources[0].name', got: '"Status"' });
  expect(problem?.expected).toContain('not status');
});

const networkKeys = { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] };
const ownNetwork = { subnetIds: ['subnet-1a1b2c3d'] };
const endpoints = { endpoints: true, routeTableIds: ['rtb-0a1b2c3d'] };
const group = ['sg-0a1b2c3d'];

test.each<[string, object, string[]]>([
  [
    'rules beside groups that have their own',
    {
      network: {
        ...networkKeys,
        securityGroupIds: group,
        databaseSecurityGroupIds: group,
        databaseCidrs: ['10.0.8.0/24'],
        s3PrefixListId: 'pl-6ea54007',
      },
    },
    ['network.databaseSecurityGroupIds', 'network.databaseCidrs', 'network.s3PrefixListId'],
  ],
  [
    'groups of endpoints beside endpoints that are made',
    { network: { ...networkKeys, ...endpoints, endpointSecurityGroupIds: group } },
    ['network.endpointSecurityGroupIds'],
  ],
  ['no VPC for the verify function', { verify: { network: ownNetwork } }, ['verify.network.vpcId']],
  [
    'route tables that have the endpoint already',
    { network: { ...networkKeys, ...endpoints }, verify: { network: { ...ownNetwork, ...endpoints } } },
    ['verify.network.routeTableIds'],
  ],
  [
    'endpoints for the verify function without route tables',
    { network: networkKeys, verify: { network: { ...ownNetwork, endpoints: true } } },
    ['verify.network.routeTableIds'],
  ],
  [
    'addresses that are none',
    { network: { ...networkKeys, databaseCidrs: ['10.0.8.1', 'fd00::/8', '10.0.8.0/40'] } },
    ['network.databaseCidrs[0]', 'network.databaseCidrs[1]', 'network.databaseCidrs[2]'],
  ],
  ['a new key for a bucket of the user', { bucket: { existing: 'acme-backups', kms: true } }, ['bucket.kms']],
  ['a new key beside one of the user', { bucket: { kmsKeyArn, kms: true } }, ['bucket.kms']],
])('%s is told at its key', (_, changes, paths) => {
  expect(pathsOf(configuration(changes))).toEqual(paths);
});

test('the verify function may be in another VPC, with route tables of any name', () => {
  const network = { ...networkKeys, ...endpoints };
  const verify = { network: { vpcId: 'vpc-1a1b2c3d', ...ownNetwork, ...endpoints } };
  expect(pathsOf(configuration({ network, verify }))).toEqual([]);
  expect(pathsOf(configuration({ verify }))).toEqual([]);
});

const move = (storageClass: string, afterDays: number): object => ({ storageClass, afterDays });

test('several transitions, in the order in which S3 moves', () => {
  const transition = [move('STANDARD_IA', 30), move('GLACIER_IR', 60), move('DEEP_ARCHIVE', 200)];
  expect(pathsOf(configuration({ bucket: { transition } }))).toEqual([]);
});

test.each([
  ['frozen before it was verified', move('GLACIER', 0), 'bucket.transition.afterDays'],
  ['upwards', [move('GLACIER', 1), move('GLACIER_IR', 200)], 'bucket.transition[1].storageClass'],
  ['twice', [move('GLACIER', 1), move('GLACIER', 200)], 'bucket.transition[1].storageClass'],
  ['paid for twice', [move('GLACIER_IR', 1), move('GLACIER', 90)], 'bucket.transition[1].afterDays'],
  [
    'backwards in time',
    [move('INTELLIGENT_TIERING', 9), move('GLACIER', 8)],
    'bucket.transition[1].afterDays',
  ],
  ['too early', [move('STANDARD_IA', 7)], 'bucket.transition[0].afterDays'],
  ['no list of anything', [], 'bucket.transition'],
  ['of an unknown class', [move('COLD', 1)], 'bucket.transition[0].storageClass'],
  ['a misspelt key', { storageClass: 'GLACIER', afterDay: 1 }, 'bucket.transition.afterDay'],
  ['a word', 'GLACIER', 'bucket.transition'],
])('a transition that is %s', (_, transition, path) => {
  expect(pathsOf(configuration({ bucket: { transition } }))).toContain(path);
});
