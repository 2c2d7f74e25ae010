import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { runCommand } from '../../../cli/command-line.ts';
import { type BackupId, formatId, parseId } from '../../../core/manifest/backup-id.ts';
import { quoteIdentifier } from '../../../core/postgres/names.ts';
import { type Damage, damage, damaged } from '../../support/backup/damage.ts';
import { runBackup, verifyNow, withFileStore } from '../../support/backup/run.ts';
import {
  newestMajor,
  runSql,
  type TestDatabase,
  uniqueName,
  withDatabase,
} from '../../support/postgres/servers.ts';
import { isLong } from '../../support/run/long.ts';

const draws = Number(process.env.PGPROOF_TEST_DRAWS ?? (isLong ? 10_000 : 60));
const partDraws = 250;
/** Reading an archive and restoring one start programs: so many draws apart. */
const apart = isLong ? 20 : 40;

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'pgproof-cache-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterAll(() => rm(cache, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** The command in this process, with what it says caught. */
async function call(args: readonly string[]): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      texts[name] += String(text);
      return true;
    });
  }
  try {
    return { status: await runCommand(args), ...texts };
  } finally {
    vi.restoreAllMocks();
  }
}

/** Ended with a sentence and a status of ours: what pgproof did not foresee comes with the class of its error. */
function expectToldInOrder({ status, stdout, stderr }: Ended, args: readonly string[]): void {
  expect([0, 1, 2], stderr).toContain(status);
  const text = args.includes('--json') ? stderr : stdout + stderr;
  expect(text).not.toMatch(/Error: |ERR_|\[object /);
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u202a-\u202e\u2066-\u2069]/u);
  expect(text).not.toMatch(/^(?:✓ prod: proven|What to do)/m);
  if (status !== 0) expect(stderr).toMatch(/^pgproof: \S.*(?:\.|: pgproof verify \S+)$/ms);
  if (args.includes('--json')) JSON.parse(stdout);
}

type Scene = {
  readonly store: string;
  readonly database: TestDatabase;
  /** Good, and never damaged. */
  readonly whole: string;
  /** The same in a newer copy, whose documents are damaged. */
  readonly bad: string;
  readonly files: Readonly<Record<'manifest' | 'verification' | 'summary' | 'hold' | 'globals', string>>;
  readonly documents: Readonly<Record<'manifest' | 'verification' | 'summary' | 'hold', object>>;
};

const sql = `create table t (i int primary key); insert into t values (1), (2);
  create view v as select * from t; comment on table t is 'x'`;

function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  return withDatabase(newestMajor(), { sql }, (database) =>
    withFileStore(async (store, _keys, directory) => {
      const { databases } = await runBackup(database.parameters, store).outcome;
      const [result] = databases;
      if (result?.status !== 'done') throw new Error(JSON.stringify(result));
      const whole = result.id;
      await verifyNow(store, whole);
      const { startedAt, ...names } = parseId(whole);
      const id: BackupId = { ...names, startedAt: new Date(startedAt.getTime() + 3_600_000) };
      const bad = formatId(id);
      await cp(join(directory, whole), join(directory, bad), { recursive: true });
      const at = (name: string): string => join(directory, bad, name);
      const read = async (name: string): Promise<object> => ({
        ...JSON.parse(await readFile(at(name), 'utf8')),
        id: bad,
      });
      const { manifestSha256: _, ...verification } = (await read('verification.json')) as Record<
        string,
        unknown
      >;
      await use({
        store: `file://${directory}`,
        database,
        whole,
        bad,
        files: {
          manifest: at('manifest.json'),
          verification: at('verification.json'),
          summary: at('summary.json'),
          hold: at('hold.json'),
          globals: at('globals.sql'),
        },
        documents: {
          manifest: await read('manifest.json'),
          verification,
          summary: await read('summary.json'),
          hold: { formatVersion: 1, id: bad, reason: 'an audit', by: 'me', heldAt: '2026-11-20T02:00:00Z' },
        },
      });
    }),
  );
}

test(
  `whatever ${draws} documents hold, every command ends with a sentence, and the other backup is as it was`,
  async () => {
    await withScene(async (scene) => {
      const { store, whole, bad, files, documents, database } = scene;
      const latest = `${bad.split('/').slice(0, 2).join('/')}/latest`;
      const nobody = ['--to', 'postgresql://nobody@127.0.0.1:1/none'];
      const wholeGlobals = await readFile(files.globals);
      const seen = { draws: 0, readable: 0, misled: 0, restored: 0 };
      const run = async (verb: string, ...args: string[]): Promise<Ended> => {
        const call_ = [verb, ...args, '--store', store];
        const ended = await call(call_);
        expectToldInOrder(ended, call_);
        return ended;
      };

      const judge = async (
        manifest: Damage,
        verification: Damage,
        summary: Damage,
        hold: Damage,
        globals: Uint8Array,
      ): Promise<void> => {
        seen.draws += 1;
        const written = damaged(documents.manifest, manifest);
        await writeFile(files.manifest, written);
        await writeFile(files.verification, damaged(documents.verification, verification));
        await writeFile(files.hold, damaged(documents.hold, hold));
        // Of a manifest as long as the one that lies there: it is trusted, whatever else it says.
        const about = { bytes: Buffer.byteLength(written), sha256: '0'.repeat(64) };
        await writeFile(files.summary, damaged({ ...documents.summary, manifest: about }, summary));
        const list = await run('list');
        expect(list).toMatchObject({ status: 0, stdout: expect.stringMatching(line(whole, 'intact')) });
        const json = JSON.parse((await run('list', '--json')).stdout) as { id: string; good: boolean }[];
        expect(json).toMatchObject([{ id: bad }, { id: whole, good: true }]);
        await run('list', '--held', '--limit', '1');

        const { status } = await run('show', bad);
        const shown = await run('show', bad, '--json');
        expect(shown.status).toBe(status);
        const isReadable = status === 0;
        // A list knows what the summary says; what is restored was read.
        const isGood = isReadable && (JSON.parse(shown.stdout) as { good: boolean }).good;
        if (isGood) expect(json[0]?.good).toBe(true);
        seen.misled += json[0]?.good === true && !isGood ? 1 : 0;
        const latestOne = await run('restore', latest, ...nobody);
        // Damage may make another cluster of it, which is asked about.
        if (!latestOne.stderr.includes('2 clusters were backed up under the name'))
          expect(latestOne.stderr).toContain(`Restoring ${isGood ? bad : whole} into`);
        const refused = await run('restore', bad, ...nobody);
        // What is shown as unreadable is refused by all, and what is not by none.
        expect(refused.stderr.includes(`Restoring ${bad} into`)).toBe(isReadable);
        const verified = await run('verify', bad, '--level', 'checksum');
        if (!isReadable) expect(verified.status).toBe(1);

        if (!isReadable) return;
        seen.readable += 1;
        if (seen.readable % apart !== 0) return;
        await run('verify', bad, '--level', 'read');
        await restoreAnew(bad);
        await writeFile(files.globals, globals);
        await run('restore', bad, '--globals', 'print');
        await run('verify', bad, '--level', 'read');
        await writeFile(files.globals, wholeGlobals);
      };

      const restoreAnew = async (id: string): Promise<void> => {
        const name = uniqueName('damaged');
        const target = new URL(database.url);
        target.pathname = `/${name}`;
        const { status } = await run('restore', id, '--to', target.href, '--create', '--globals', 'apply');
        if (status === 0) seen.restored += 1;
        await runSql(
          database.server.parameters,
          `drop database if exists ${quoteIdentifier(name)} with (force)`,
        );
      };

      const globals = fc.uint8Array({ maxLength: 100 });
      const property = fc.asyncProperty(damage, damage, damage, damage, globals, judge);
      // In parts: a long run that is cut off has said how far it came, and a failure is not made small for hours first.
      for (let left = draws; left > 0; left -= partDraws) {
        await fc.assert(property, { numRuns: Math.min(left, partDraws), endOnFailure: isLong });
        if (isLong) process.stderr.write(`${JSON.stringify(seen)}\n`);
      }
      expect(seen.readable).toBeGreaterThan(draws / 10);
      expect(seen.draws - seen.readable).toBeGreaterThan(draws / 10);
      expect(seen.misled).toBeGreaterThan(draws / 20);
      await rm(files.manifest);
    });
  },
  isLong ? 6 * 3_600_000 : 300_000,
);

function line(id: string, verdict: string): RegExp {
  return new RegExp(`^${id.replaceAll('.', '\\.')} .*${verdict}`, 'm');
}
