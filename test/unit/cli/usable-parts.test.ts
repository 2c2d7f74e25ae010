import { expect, test } from 'vitest';
import type { MissingSecret } from '../../../cli/night/secrets.ts';
import { usableParts } from '../../../cli/night/usable-parts.ts';
import { parseNight } from '../../../core/config/parse-night.ts';

const schedules = [{ name: 'nightly', cron: '0 2 * * *' }];
const config = parseNight(
  {
    sources: [
      { name: 'shop', store: 'disk', schedules },
      { name: 'crm', store: 'cloud', schedules },
    ],
    stores: [
      { name: 'disk', url: 'file:///backups' },
      { name: 'cloud', url: 's3://bucket/pg' },
    ],
    copies: [
      { name: 'offsite', from: 'disk', url: 's3://other/pg' },
      { name: 'second', from: 'cloud', url: 's3://third/pg' },
    ],
    notify: { smtp: { host: 'localhost', from: 'a@example.com', to: ['b@example.com'] } },
    backupLog: { url: 'host=log dbname=ops' },
  },
  'pgproof.yaml',
);

function without(...parts: readonly Pick<MissingSecret, 'part' | 'index'>[]): ReturnType<typeof usableParts> {
  const missing = parts.map((one) => ({
    ...one,
    path: one.part,
    got: 'nothing',
    expected: 'one',
    fix: 'Set it.',
  }));
  return usableParts(config, missing, (name) => name ?? 'disk');
}

const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);

test('with every secret there nothing is left out', () => {
  expect(without()).toEqual({ config, outcomes: [], warnings: [] });
});

test('a source that lacks one is left out, and told', () => {
  const { config: usable, outcomes } = without({ part: 'sources', index: 1 });
  expect(names(usable.sources)).toEqual(['shop']);
  expect(names(usable.copies)).toEqual(['offsite', 'second']);
  expect(outcomes).toEqual([
    {
      work: 'backup',
      result: 'failed',
      source: 'crm',
      store: 's3://bucket/pg',
      what: 'A secret is not there. sources: got nothing, expected one',
      fix: 'Set it.',
    },
  ]);
});

test('a store takes its sources and its copies along, each source is told', () => {
  const { config: usable, outcomes } = without({ part: 'stores', index: 0 });
  expect([usable.sources, usable.stores, usable.copies].map(names)).toEqual([['crm'], ['cloud'], ['second']]);
  expect(outcomes.map(({ work, source }) => [work, source])).toEqual([['backup', 'shop']]);
});

test('of a second place only the copy is left out, of mail only the mail, and the log table fails nothing', () => {
  const { config: usable, ...told } = without(
    { part: 'copies', index: 0 },
    { part: 'notify', index: undefined },
    { part: 'backupLog', index: undefined },
  );
  expect([usable.sources, usable.copies].map(names)).toEqual([['shop', 'crm'], ['second']]);
  expect([usable.notify.smtp, usable.backupLog]).toEqual([undefined, undefined]);
  expect(told.outcomes.map(({ work, result, source }) => [work, result, source])).toEqual([
    ['copy', 'failed', 'offsite'],
    ['backup', 'doubtful', 'notify.smtp'],
  ]);
  expect(told.warnings).toEqual([
    'Nothing is written into the log table. backupLog: got nothing, expected one. Set it.',
  ]);
});
