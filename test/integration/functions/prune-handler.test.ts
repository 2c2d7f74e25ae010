import { describe, expect, test } from 'vitest';
import { type PastBackup, writePast } from '../../support/backup/history.ts';
import { bucket, type Deployment, useBundles, withDeployment } from '../../support/lambda/deployment.ts';
import type { Outcome } from '../../support/lambda/runtime.ts';

useBundles();

const hour = 3_600_000;
const day = 24 * hour;

/** One a night, the newest some hours old; `past` says what each is like, the newest being 0. */
function nights(
  count: number,
  past: (age: number) => Omit<PastBackup, 'startedAt'> = () => ({}),
): PastBackup[] {
  const newest = Math.floor((Date.now() - 6 * hour) / 1_000) * 1_000;
  return Array.from({ length: count }, (_, age) => ({
    source: 'shop',
    startedAt: new Date(newest - age * day),
    ...past(age),
  }));
}

/** The ids, in the order of the history. */
async function fill({ aws }: Deployment, history: readonly PastBackup[]): Promise<string[]> {
  const store = {
    create: (key: string, content: Uint8Array): Promise<void> => aws.s3.put(bucket, `pg/${key}`, content),
  };
  const ids: string[] = [];
  for (const past of history) ids.push(await writePast(store, past));
  return ids;
}

const listed = ({ aws }: Deployment): string[] =>
  aws.s3
    .keys(bucket)
    .filter((key) => key.endsWith('/manifest.json'))
    .map((key) => key.slice('pg/'.length, -'/manifest.json'.length));

function run(
  deployment: Deployment,
  event: unknown,
  { timeoutMs, ...environment }: Record<string, string> & { timeoutMs?: never } = {},
): Promise<Outcome> {
  return deployment.withFunction('prune', { environment }, (lambda) => lambda.invoke(event));
}

test('the daily run keeps what the rules keep, and says what it removed', () =>
  withDeployment({}, async (deployment) => {
    const ids = await fill(deployment, nights(12));
    const { result, error } = await run(deployment, {});
    expect(error).toBeUndefined();
    expect(listed(deployment).sort()).toEqual(ids.slice(0, 7).sort());
    expect(result).toMatchObject({
      store: `s3://${bucket}/pg`,
      dryRun: false,
      databases: [{ source: 'shop', database: 'app', kept: 7, failed: [] }],
      notReached: [],
    });
    const [database] = (result as { databases: { removed: string[]; freedBytes: number }[] }).databases;
    expect([...(database?.removed ?? [])].sort()).toEqual(ids.slice(7).sort());
    expect(database?.freedBytes).toBeGreaterThan(0);
    expect(
      deployment.aws.s3.keys(bucket).filter((key) => ids.slice(7).some((id) => key.includes(id))),
    ).toEqual([]);
    expect(deployment.told()).toEqual([]);
    const again = await run(deployment, {});
    expect(again.result).toMatchObject({ databases: [{ kept: 7, removed: [] }] });
  }));

test('a dry run deletes nothing, writes nothing, and says what would go', () =>
  withDeployment({}, async (deployment) => {
    const ids = await fill(deployment, nights(9));
    const before = deployment.aws.s3.keys(bucket);
    const { result } = await run(deployment, { dryRun: true });
    expect(result).toMatchObject({ dryRun: true, databases: [{ kept: 7, removed: ids.slice(7) }] });
    expect(deployment.aws.s3.keys(bucket)).toEqual(before);
  }));

test('only the sources of the stack, and of an event the databases that it names', () =>
  withDeployment({}, async (deployment) => {
    await fill(deployment, nights(9));
    await fill(
      deployment,
      nights(9, () => ({ database: 'app-x' })),
    );
    await fill(
      deployment,
      nights(9, () => ({ source: 'shop-2' })),
    );
    expect((await run(deployment, { databases: ['app'] })).error).toBeUndefined();
    const left = (prefix: string): number => listed(deployment).filter((id) => id.startsWith(prefix)).length;
    expect([left('shop/app/'), left('shop/app-x/'), left('shop-2/')]).toEqual([7, 9, 9]);
    expect((await run(deployment, {})).error).toBeUndefined();
    expect([left('shop/app/'), left('shop/app-x/'), left('shop-2/')]).toEqual([7, 7, 9]);
  }));

describe('what is refused is alerted, with the database and what to do, and fails the run', () => {
  test('the newest is bad', () =>
    withDeployment({}, async (deployment) => {
      const ids = await fill(
        deployment,
        nights(12, (age) => ({ verdict: age === 0 ? 'failed' : 'proven' })),
      );
      await fill(
        deployment,
        nights(9, () => ({ database: 'other' })),
      );
      const { error } = await run(deployment, {});
      expect(error?.errorType).toBe('SourcesNotPruned');
      const [{ subject, text } = { subject: '', text: '' }, ...others] = deployment.told();
      expect(others).toEqual([]);
      expect(subject).toMatch(/^NOT PRUNED shop\/app: Nothing was deleted, because the newest backup is bad/);
      expect(text).toContain(ids[0]);
      expect(text).toContain('pgproof show');
      const left = listed(deployment);
      expect(left.filter((id) => id.startsWith('shop/app/'))).toHaveLength(12);
      // The others have their turn all the same.
      expect(left.filter((id) => id.startsWith('shop/other/'))).toHaveLength(7);
    }));

  test('the clock is before the newest backup', () =>
    withDeployment({}, async (deployment) => {
      const future = nights(12).map((past) => ({ ...past, startedAt: new Date(+past.startedAt + 2 * day) }));
      await fill(deployment, future);
      const { error } = await run(deployment, {});
      expect(error?.errorType).toBe('SourcesNotPruned');
      expect(deployment.told()[0]?.subject).toMatch(/^NOT PRUNED shop\/app: .*the clock says/);
      expect(listed(deployment)).toHaveLength(12);
    }));

  test('a key cannot be deleted', () =>
    withDeployment({}, async (deployment) => {
      const ids = await fill(deployment, nights(9));
      const locked = `pg/${ids[8]}/archive.dump`;
      deployment.aws.s3.judge(({ operation, key }) =>
        Promise.resolve(!(operation.startsWith('DeleteObject') && key === locked)),
      );
      const { error } = await run(deployment, {});
      expect(error?.errorType).toBe('SourcesNotPruned');
      const [told] = deployment.told();
      expect(told?.subject).toMatch(/^NOT PRUNED shop\/app:/);
      expect(told?.text).toContain(ids[8]);
      expect(listed(deployment).sort()).toEqual(ids.slice(0, 7).sort());
    }));

  test('a source cannot be listed, and the others have their turn', () =>
    withDeployment({}, async (deployment) => {
      await fill(deployment, nights(9));
      await fill(
        deployment,
        nights(9, () => ({ source: 'crm' })),
      );
      deployment.aws.s3.judge(({ operation, key }) =>
        Promise.resolve(!(operation === 'ListObjectsV2' && key.startsWith('pg/crm'))),
      );
      const { error } = await run(deployment, {}, { PGPROOF_SOURCES: '["crm","shop"]' });
      expect(error?.errorType).toBe('SourcesNotPruned');
      expect(deployment.told().map(({ subject }) => subject)).toEqual([
        expect.stringMatching(/^NOT PRUNED crm: Its backups could not be pruned/),
      ]);
      expect(listed(deployment).filter((id) => id.startsWith('shop/'))).toHaveLength(7);
    }));

  test('many troubles come in few messages', () =>
    withDeployment({}, async (deployment) => {
      for (let number = 0; number < 9; number += 1)
        await fill(
          deployment,
          nights(1, () => ({ database: `db${number}`, verdict: 'failed' })),
        );
      await run(deployment, {});
      const told = deployment.told();
      expect(told).toHaveLength(6);
      expect(told[5]?.text).toContain('shop/db8: Nothing was deleted');
    }));
});

test.each([
  ['an unknown key', { dryrun: true }, /dryrun/],
  ['a source of somebody else', { source: 'payroll' }, /"payroll" \(expected shop\)/],
  ['no database', { databases: [] }, /databases/],
])('%s in the event is an error, in the words of the event', (_, event, message) =>
  withDeployment({}, async (deployment) => {
    const { error } = await run(deployment, event);
    expect(error).toMatchObject({ errorType: 'BadSettings', errorMessage: expect.stringMatching(message) });
    expect(deployment.told()[0]?.subject).toMatch(/^NOT PRUNED/);
  }),
);

test('a policy that was deployed wrongly deletes nothing', () =>
  withDeployment({}, async (deployment) => {
    await fill(deployment, nights(9));
    for (const keep of ['{}', '{"within": "30D"}', '{"dayly": 7}', 'daily=7']) {
      const { error } = await run(deployment, {}, { PGPROOF_KEEP: keep });
      expect(error?.errorType, keep).toBe('BadSettings');
    }
    expect(listed(deployment)).toHaveLength(9);
  }));
