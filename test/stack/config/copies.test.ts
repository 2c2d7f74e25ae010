import { expect, test } from 'vitest';
import { type ConfigProblem, ConfigurationError, parseConfig } from '../../../lib/config/parse.ts';
import { configuration, kmsKeyArn, secretArn } from '../../support/stack/stack.ts';

function problemsOf(copies: unknown, changes: object = {}): readonly ConfigProblem[] {
  try {
    parseConfig(configuration({ copies, ...changes }));
  } catch (error: unknown) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

const one = { name: 'offsite', url: 's3://acme-offsite/pg' };
const elsewhere = { endpoint: 'https://storage.googleapis.com', credentialsSecretArn: secretArn };
const prune = { keep: { daily: 7 } };
const bucket = { name: 'acme-backups', prefix: 'pg' };

test.each<[string, unknown, object?]>([
  ['the smallest', [one]],
  ['a bucket whose name has dots, without a prefix, with a slash', [{ ...one, url: 's3://acme.offsite/' }]],
  ['two places', [one, { name: 'cloud', url: 's3://acme-cloud' }]],
  ['the same bucket name at two services', [one, { name: 'cloud', url: one.url, ...elsewhere }]],
  ['prefixes beside each other', [one, { name: 'two', url: 's3://acme-offsite/pg-2' }]],
  ['a prefix beside the backups', [{ ...one, url: 's3://acme-backups/pg-copies' }], { bucket }],
  ['an endpoint of AWS with the role', [{ ...one, endpoint: 'https://s3-fips.us-east-1.amazonaws.com' }]],
  ['a key in the region of the bucket', [{ ...one, region: 'eu-central-1', kmsKeyArn }]],
  ['prune with secrets', [{ ...one, ...elsewhere, prune: { ...prune, credentialsSecretArn: secretArn } }]],
])('%s is right', (_, copies, changes) => {
  expect(problemsOf(copies, changes)).toEqual([]);
});

test.each<[string, unknown, string, RegExp, object?]>([
  ['no list', { ...one }, 'copies', /Write \[\{/],
  [
    'an ARN in the place of a URL',
    [{ ...one, url: 'arn:aws:s3:::acme-offsite' }],
    'copies[0].url',
    /not by its ARN/,
  ],
  ['a bare name', [{ ...one, url: 'acme-offsite' }], 'copies[0].url', /s3:\/\/bucket\/prefix/],
  ['a directory', [{ ...one, url: 'file:///var/backups' }], 'copies[0].url', /s3:\/\/bucket\/prefix/],
  [
    'an alias of a key',
    [{ ...one, kmsKeyArn: 'alias/offsite' }],
    'copies[0].kmsKeyArn',
    /an alias will not do/,
  ],
  ['a name with a capital', [{ ...one, name: 'OffSite' }], 'copies[0].name', /lower-case/],
  [
    'a secret by its name',
    [{ ...one, credentialsSecretArn: 'offsite' }],
    'copies[0].credentialsSecretArn',
    /whole ARN/,
  ],
  [
    'the key itself',
    [{ ...one, accessKeyId: 'AKIA', secretAccessKey: 'x' }],
    'copies[0].accessKeyId',
    /unknown key|Correct/,
  ],
  ['plain text', [{ ...one, endpoint: 'http://minio.acme.test' }], 'copies[0].endpoint', /https/],
  ['a weekly run', [{ ...one, schedule: 'cron(0 10 ? * SUN *)' }], 'copies[0].schedule', /every day/],
  ['no rule', [{ ...one, prune: { keep: {} } }], 'copies[0].prune.keep', /daily/],
  [
    'the place of the backups',
    [{ ...one, url: 's3://acme-backups/pg/' }],
    'copies[0].url',
    /another bucket/,
    { bucket },
  ],
  [
    'within it',
    [{ ...one, url: 's3://acme-backups/pg/copies' }],
    'copies[0].url',
    /another bucket/,
    { bucket },
  ],
  ['around it', [{ ...one, url: 's3://acme-backups' }], 'copies[0].url', /another bucket/, { bucket }],
  [
    'a bucket of the user, around it',
    [{ ...one, url: 's3://b-1/x' }],
    'copies[0].url',
    /another bucket/,
    { bucket: { existing: 'b-1' } },
  ],
  ['the place of another copy', [one, { ...one, name: 'two' }], 'copies[1].url', /copies\[0\]/],
  [
    'a name twice, hyphens aside',
    [
      { ...one, name: 'a-b' },
      { name: 'ab', url: 's3://other' },
    ],
    'copies[1].name',
    /hyphens aside/,
  ],
  [
    'a key of another region',
    [{ ...one, region: 'eu-west-1', kmsKeyArn }],
    'copies[0].kmsKeyArn',
    /eu-west-1/,
  ],
  [
    'a key of AWS at another service',
    [{ ...one, ...elsewhere, kmsKeyArn }],
    'copies[0].kmsKeyArn',
    /Only S3/,
  ],
  [
    'another service without a secret',
    [{ ...one, endpoint: elsewhere.endpoint }],
    'copies[0].credentialsSecretArn',
    /nobody there/,
  ],
  [
    'a key of no secret',
    [{ ...one, secretKmsKeyArn: kmsKeyArn }],
    'copies[0].secretKmsKeyArn',
    /credentialsSecretArn/,
  ],
  [
    'prune with the secret of the copy',
    [{ ...one, ...elsewhere, prune }],
    'copies[0].prune.credentialsSecretArn',
    /able to delete/,
  ],
  [
    'prune with a secret, copy with a role',
    [{ ...one, prune: { ...prune, credentialsSecretArn: secretArn } }],
    'copies[0].prune.credentialsSecretArn',
    /role of its own/,
  ],
])('%s is told, where and what to do', (_, copies, where, words, changes) => {
  const problems = problemsOf(copies, changes);
  const found = problems.find(({ path }) => path === where);
  expect(`${found?.got} ${found?.expected} ${found?.fix}`).toMatch(words);
});

test('a source that is called as the part of the stack with the copies', () => {
  const [source] = (configuration() as { sources: object[] }).sources;
  const sources = [{ ...source, name: 'Copies' }];
  expect(problemsOf([one], { sources }).map(({ path }) => path)).toEqual(['sources[0].name']);
  expect(problemsOf([], { sources })).toEqual([]);
});

test('everything at once, and nothing of what may be a secret', () => {
  const problems = problemsOf([
    {
      name: 'a b',
      url: 's3://key:canary@acme-offsite',
      endpoint: 'https://user:canary@minio.acme.test',
      secret: 'canary',
    },
    { name: 'two', url: 's3://acme-two', credentialsSecretArn: 'canary' },
  ]);
  expect(problems.map(({ path }) => path).sort()).toEqual(
    [
      'copies[0].endpoint',
      'copies[0].credentialsSecretArn',
      'copies[0].name',
      'copies[0].secret',
      'copies[0].url',
      'copies[1].credentialsSecretArn',
    ].sort(),
  );
  expect(JSON.stringify(problems)).not.toContain('canary');
});
