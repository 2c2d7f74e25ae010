import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ConnectionParameters } from '../../../../../core/postgres/connect/parameters.ts';
import { makeMarkedDirectory, removeLeftovers } from '../../../../../core/scratch/leftovers.ts';
import { processesBelow, processStart } from '../../../../../core/scratch/processes.ts';
import { runSql } from '../../../../support/postgres/servers.ts';
import {
  eventually,
  type IsolationKind,
  isolationKinds,
  processesNamed,
  withServerParent,
} from '../../../../support/postgres/verification-server.ts';

const kinds = await isolationKinds();
const fixture = fileURLToPath(
  new URL('../../../../fixtures/postgres/hold-verification-server.ts', import.meta.url),
);

describe.each(kinds)('a run that is killed, %s', (kind) => {
  it('had handed its server nothing, and leaves nothing: the server notices', () =>
    withServerParent(async (parent) => {
      const { holder, held } = await hold(parent, kind);
      const list = "COPY names FROM PROGRAM 'ls -l /proc/self/fd' (FORMAT csv, DELIMITER E'\\x01')";
      await runSql(held.parameters, `CREATE TABLE names (line text); ${list}`);
      const lines = await runSql<{ line: string }>(held.parameters, 'SELECT line FROM names');
      const descriptors = lines.map(({ line }) => line).join('\n');
      expect(descriptors).toContain(`${handedOn} -> /dev/null`);
      expect(descriptors).not.toContain('/etc');
      const endless = `7${String(Math.random()).slice(2, 12)}`;
      const command = `cat > /dev/null; sleep ${endless} > /dev/null 2>&1 &`;
      await runSql(held.parameters, `COPY (SELECT 1) TO PROGRAM '${command}'`);
      await eventually(async () => (await processesNamed(endless)).length > 0);
      holder.kill('SIGKILL');
      await eventually(async () => (await readdir(parent)).length === 0);
      expect(await processStart(held.pid)).toBeUndefined();
      const left = await processesNamed(endless);
      // Unsandboxed, and as the caller's own user, what SQL has started may live on; here it is ended by its id.
      if (kind === 'sandboxed' || process.getuid?.() === 0) expect(left).toEqual([]);
      for (const pid of left) process.kill(pid, 'SIGKILL');
    }));

  it('leaves nothing to the next run, also when its watch was killed with it', () =>
    withServerParent(async (parent) => {
      const { holder, held } = await hold(parent, kind);
      // It sees that the run is alive.
      expect(await removeLeftovers(parent)).toEqual([]);
      await killWatchOf(holder.pid ?? 0);
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      const left = (await readdir(parent)).sort();
      expect(left).toContain(basename(held.directory));
      expect((await removeLeftovers(parent)).sort()).toEqual(left.map((name) => join(parent, name)));
      expect(await readdir(parent)).toEqual([]);
      await eventually(async () => (await processStart(held.pid)) === undefined);
      expect(await processesBelow(held.directory)).toEqual([]);
    }));
});

describe('removeLeftovers', () => {
  it('leaves alone what is not known to be a dead run\u2019s', () =>
    withServerParent(async (parent) => {
      const own = basename(await makeMarkedDirectory(parent));
      const [, pid = '', start = '', space = '', rest = ''] =
        /^pgproof-(\w+?)_(\w+?)_(\w+?)_(\w+)$/.exec(own) ?? [];
      const foreign = [
        // Another machine's, container's or boot's: its process may be alive where we cannot see it.
        `pgproof-${pid}_${start}_00000000_${rest}`,
        'pgproof-verify-abcdef',
        'pgproof-AbCdEf',
        'other',
      ];
      const dead = [
        // The id is used again, by us: it began at another time.
        `pgproof-${pid}_${(Number.parseInt(start, 36) + 1).toString(36)}_${space}_${rest}`,
        `pgproof-${(2 ** 30).toString(36)}_${start}_${space}_${rest}`,
      ];
      for (const name of [...foreign, ...dead]) await mkdir(join(parent, name));
      expect((await removeLeftovers(parent)).sort()).toEqual(dead.map((name) => join(parent, name)).sort());
      expect((await readdir(parent)).sort()).toEqual([own, ...foreign].sort());
    }));

  it.runIf(process.getuid?.() === 0)('has no more power over a directory than its owner', () =>
    withServerParent(async (parent) => {
      const [, start = '', space = ''] =
        /^pgproof-\w+?_(\w+?)_(\w+?)_\w+$/.exec(basename(await makeMarkedDirectory(parent))) ?? [];
      // Anybody can make one that is named like ours, and lead root's rm elsewhere.
      const [planted, dead] = ['aaaaaa', 'bbbbbb'].map((rest) =>
        join(parent, `pgproof-${(2 ** 30).toString(36)}_${start}_${space}_${rest}`),
      ) as [string, string];
      for (const directory of [planted, dead]) {
        await mkdir(directory);
        await writeFile(join(directory, 'file'), '');
        await chown(directory, 12_345, 12_345);
      }
      const roots = join(planted, 'of-root');
      await mkdir(roots);
      await writeFile(join(roots, 'file'), '');
      expect(await removeLeftovers(parent)).toEqual([dead]);
      expect(await readdir(roots)).toEqual(['file']);
    }),
  );

  it('has nothing to do where there is no directory', async () => {
    expect(await removeLeftovers('/nonexistent/place')).toEqual([]);
  });
});

const handedOn = 30;

type Held = {
  readonly pid: number;
  readonly directory: string;
  readonly parameters: ConnectionParameters;
  readonly isolation: { readonly kind: IsolationKind };
};

async function hold(
  parent: string,
  kind: IsolationKind,
): Promise<{ readonly holder: ReturnType<typeof spawn>; readonly held: Held }> {
  // As from a shell script that holds a lock, or a directory.
  const etc = await open('/etc');
  const between = Array.from({ length: handedOn - 3 }, () => 'ignore' as const);
  const holder = spawn(process.execPath, ['--import', 'tsx', fixture, parent, kind], {
    stdio: ['ignore', 'pipe', 'inherit', ...between, etc.fd],
  });
  await etc.close();
  if (holder.stdout === null) throw new Error('it is a pipe');
  const [line] = (await once(createInterface(holder.stdout), 'line')) as [string];
  const held = JSON.parse(line) as Held;
  expect(held.isolation.kind).toBe(kind);
  await access(held.directory);
  return { holder, held };
}

/** The holder's watch for orphans is the one that is its child. */
async function killWatchOf(holder: number): Promise<void> {
  const watches = await processesNamed('pgproof-watch');
  const parents = await Promise.all(watches.map((pid) => parentOf(pid)));
  const own = watches.filter((_, index) => parents[index] === holder);
  expect(own).toHaveLength(1);
  for (const pid of own) process.kill(pid, 'SIGKILL');
}

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
