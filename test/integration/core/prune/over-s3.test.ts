import { expect, test } from 'vitest';
import { judgeManifest } from '../../../../core/inventory/judge-manifest.ts';
import { parseId } from '../../../../core/manifest/backup-id.ts';
import { holdBackup } from '../../../../core/prune/hold.ts';
import { problemsOf } from '../../../../core/prune/incomplete.ts';
import { prune } from '../../../../core/prune/prune.ts';
import { releaseBackup } from '../../../../core/prune/release.ts';
import type { PruneReport } from '../../../../core/prune/report.ts';
import type { PruneRequest } from '../../../../core/prune/request.ts';
import { policyOf } from '../../../../core/retention/policy.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';
import { prunableS3Store } from '../../../../core/store/s3/prunable-s3-store.ts';
import { type S3Service, withS3Server } from '../../../support/aws/s3-server.ts';
import { nightly, writePast } from '../../../support/backup/history.ts';
import { isLong } from '../../../support/run/long.ts';
import { CutOff, cutOff } from '../../../support/store/cut-off.ts';

type Place = { readonly s3: S3Service; readonly store: PrunableStore };

function withBucket(objectLock: boolean, use: (place: Place) => Promise<void>): Promise<void> {
  return withS3Server({}, async (s3) => {
    s3.createBucket('bucket', { objectLock, versioning: 'Enabled' });
    const store = prunableS3Store({
      bucket: 'bucket',
      prefix: 'some/prefix',
      endpoint: s3.url,
      forcePathStyle: true,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    await use({ s3, store });
  });
}

const today = new Date('2026-11-27T06:00:00Z');
const signal = new AbortController().signal;

function pruneAt(
  store: PrunableStore,
  keep: string,
  changes: Partial<PruneRequest> & { readonly now?: Date } = {},
): Promise<PruneReport> {
  const { now = today, ...rest } = changes;
  const policy = policyOf({ keep, verified: true });
  return prune({ store, policy, apply: true, sweep: false, clock: () => now, signal, ...rest });
}

const gone = (report: PruneReport): string[] =>
  report.groups
    .flatMap(({ lines }) => lines.filter(({ outcome }) => outcome?.kind === 'gone'))
    .map(({ id }) => id)
    .sort();

const many = isLong ? 5_000 : 450;

test(`${many} backups go with a few requests to delete`, { timeout: isLong ? 1_200_000 : 120_000 }, () =>
  withBucket(false, async ({ s3, store }) => {
    const history = nightly(many, '2026-11-27');
    const ids: string[] = [];
    for (let at = 0; at < many; at += 25)
      ids.push(...(await Promise.all(history.slice(at, at + 25).map((past) => writePast(store, past)))));
    const before = s3.calls('DeleteObjects');
    const report = await pruneAt(store, 'last=3');
    expect(problemsOf(report)).toEqual([]);
    expect(gone(report)).toEqual(ids.slice(0, -3));
    // Four steps for two hundred backups each, a thousand keys to a request.
    const batches = Math.ceil((many - 3) / 200);
    expect(s3.calls('DeleteObjects') - before).toBeLessThanOrEqual(batches * 5 + 1);
    expect(s3.calls('DeleteObject')).toBe(0);
    expect(s3.keys('bucket').filter((key) => key.endsWith('/archive.dump'))).toHaveLength(3);
  }),
);

test('a refusal of a single key in an answer that says 200 is told', () =>
  withBucket(false, async ({ s3, store }) => {
    const ids: string[] = [];
    for (const past of nightly(6, '2026-11-27')) ids.push(await writePast(store, past));
    const [, id = ''] = ids;
    s3.refuseDelete((key) => (key.endsWith(`${id}/archive.dump`) ? 'AccessDenied' : undefined));
    const report = await pruneAt(store, 'last=3');
    expect(problemsOf(report).map(({ what }) => what)).toEqual([
      expect.stringContaining(`${id} could not be deleted to its end`),
    ]);
    s3.refuseDelete(undefined);
    const swept = await pruneAt(store, 'last=3', { sweep: true });
    expect(swept.orphans).toMatchObject([{ id, origin: 'pruned', outcome: { kind: 'gone' } }]);
    expect(s3.keys('bucket').filter((key) => key.includes(id))).toEqual([]);
  }));

test.each(['halfway', 'lostResponse', 'slowDown', 'internalError'] as const)(
  'when a request to delete ends as %s, what was to go goes',
  (action) =>
    withBucket(false, async ({ s3, store }) => {
      const ids: string[] = [];
      for (const past of nightly(9, '2026-11-27')) ids.push(await writePast(store, past));
      for (const skip of [0, 1, 2]) s3.misbehave({ operation: 'DeleteObjects', action, skip });
      const report = await pruneAt(store, 'last=3');
      expect(problemsOf(report)).toEqual([]);
      expect(gone(report)).toEqual(ids.slice(0, 6));
    }),
);

test('what the bucket locks is kept until then, and told; what is kept for longer is locked for longer', () =>
  withBucket(true, async ({ s3, store }) => {
    s3.setClock(() => today);
    const ids: string[] = [];
    for (const past of nightly(8, '2026-11-27')) ids.push(await writePast(store, past));
    const [first = '', second = ''] = ids;
    const until = new Date('2026-12-10T00:00:00Z');
    for (const name of ['archive.dump', 'globals.sql', 'manifest.json'])
      await store.extendLock(`${first}/${name}`, { mode: 'governance', until });
    await holdBackup(
      { backup: second, reason: 'the audit', by: 'anna', until: undefined },
      { store, clock: () => today, signal },
    );
    const report = await pruneAt(store, 'last=3', { lock: { mode: 'governance', days: 14 } });
    expect(problemsOf(report)).toEqual([]);
    expect(gone(report)).toEqual(ids.slice(2, 5));
    const lines = report.groups[0]?.lines ?? [];
    expect(lines.find(({ id }) => id === first)).toMatchObject({
      reasons: [{ kind: 'locked', until }],
      until,
    });
    expect(report.extensions.map(({ id }) => id).sort()).toEqual([second, ...ids.slice(5)].sort());
    const locked = s3.history('bucket', `some/prefix/${ids.at(-1)}/archive.dump`)[0]?.lock;
    expect(locked?.until.toISOString()).toBe('2026-12-11T06:00:00.000Z');
    // Nothing that changes is locked: it could not be written anew.
    for (const name of ['verification.json', 'summary.json'])
      expect(s3.history('bucket', `some/prefix/${ids.at(-1)}/${name}`)[0]?.lock).toBeUndefined();
    // The next day nothing is asked of the bucket but what it locks: the locks reach nearly so far.
    const calls = s3.calls('PutObjectRetention');
    const next = new Date(today.getTime() + 60 * 60 * 1_000);
    await pruneAt(store, 'last=3', { lock: { mode: 'governance', days: 14 }, now: next });
    expect(s3.calls('PutObjectRetention')).toBe(calls);
  }));

test('a hold is a legal hold too, on all that the manifest names, and goes with its release', () =>
  withBucket(true, async ({ s3, store }) => {
    const id = await writePast(store, { startedAt: new Date('2026-11-20T02:00:00Z'), files: 3 });
    const places = { store, clock: () => today, signal };
    const held = await holdBackup({ backup: id, reason: 'the audit', by: 'anna', until: undefined }, places);
    expect(held.legalHold).toEqual({ kind: 'done' });
    const manifest = await store.readVersion(`${id}/manifest.json`);
    const { objects } = judgeManifest(manifest?.content ?? Buffer.of(), parseId(id), id);
    const names = [...objects.map(({ name }) => name), 'manifest.json'];
    const holds = (): boolean[] =>
      names.map((name) => s3.history('bucket', `some/prefix/${id}/${name}`)[0]?.legalHold === true);
    expect(new Set(holds())).toEqual(new Set([true]));
    expect(s3.history('bucket', `some/prefix/${id}/verification.json`)[0]?.legalHold).toBe(false);
    await releaseBackup({ backup: id, by: 'anna', reason: undefined }, places);
    expect(new Set(holds())).toEqual(new Set([false]));
    expect(s3.keys('bucket').filter((key) => key.endsWith('hold.json'))).toEqual([]);
  }));

test('where the lock may not be asked for, nothing that would go does, and why is told', () =>
  withBucket(true, async ({ s3, store }) => {
    for (const past of nightly(5, '2026-11-27')) await writePast(store, past);
    s3.judge(
      async ({ operation }) => operation !== 'GetObjectRetention' && operation !== 'GetObjectLegalHold',
    );
    const report = await pruneAt(store, 'last=3');
    expect(gone(report)).toEqual([]);
    const reasons = report.groups.flatMap(({ lines }) => lines.flatMap((line) => line.reasons));
    expect(reasons.filter(({ kind }) => kind === 'lock-unknown')).toHaveLength(2);
  }));

test('a hold, a release or longer locks that are cut off anywhere lose nothing, and are ended when said again', () =>
  withBucket(true, async ({ s3, store }) => {
    s3.setClock(() => today);
    const id = await writePast(store, { startedAt: new Date('2026-11-01T02:00:00Z'), files: 2 });
    for (const past of nightly(3, '2026-11-27')) await writePast(store, past);
    const names = ['archive/toc.dat', 'archive/1.dat', 'globals.sql', 'manifest.json'];
    const newest = (name: string): ReturnType<S3Service['history']>[number] | undefined =>
      s3.history('bucket', `some/prefix/${id}/${name}`)[0];
    const places = { clock: () => today, signal };
    const begin: Readonly<Record<string, (at: PrunableStore) => Promise<unknown>>> = {
      hold: (at) =>
        holdBackup(
          { backup: id, reason: 'the audit', by: 'anna', until: undefined },
          { store: at, ...places },
        ),
      lock: (at) => pruneAt(at, 'last=3', { lock: { mode: 'governance', days: 30 } }),
      release: (at) => releaseBackup({ backup: id, by: 'anna', reason: undefined }, { store: at, ...places }),
    };
    for (const [what, work] of Object.entries(begin)) {
      for (let steps = 0, isCut = true; isCut; steps += 1) {
        const cut = cutOff(store, steps);
        await work(cut.store).catch((error: unknown) => {
          if (!(error instanceof CutOff)) throw error;
        });
        isCut = cut.isCut();
        // Half held and half released is held; of the first step of all nothing was written.
        const isHeld = what === 'hold' ? steps > 0 : what === 'lock' || isCut;
        if (isHeld) expect(gone(await pruneAt(store, 'last=3')), `${what}, ${steps} steps`).toEqual([]);
        expect(names.every((name) => newest(name)?.isMarker === false)).toBe(true);
      }
      expect(new Set(names.map((name) => newest(name)?.legalHold))).toEqual(new Set([what !== 'release']));
      if (what === 'lock')
        expect(new Set(names.map((name) => newest(name)?.lock?.until.toISOString()))).toEqual(
          new Set(['2026-12-27T06:00:00.000Z']),
        );
    }
  }));
