import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { HooksSettings } from '../../../../core/config/hooks.ts';
import { type HookInput, hookInputSchema } from '../../../../core/notify/hooks/hook-input.ts';
import { hooks } from '../../../../core/notify/hooks/hooks.ts';
import type { RunEvent } from '../../../../core/notify/run-events.ts';
import { withDirectory, writePrograms } from '../../../support/process/fake-programs.ts';
import { listProcesses } from '../../../support/process/list.ts';

const ofRun = {
  run: 'run-1',
  source: 'shop',
  schedule: undefined,
  at: new Date('2026-11-20T02:00:00Z'),
} as const;
const id = 'shop/app/2026-11-20T02-00-00Z';
const done: RunEvent = {
  ...ofRun,
  kind: 'backup-done',
  database: "app'; $(touch x) \n",
  id,
  archive: `file:///backups/${id}/archive.dump`,
  startedAt: ofRun.at,
  bytes: 5_000_000_000,
  rows: undefined,
  seconds: 2.5,
};
const finished: RunEvent = { ...ofRun, kind: 'run-finished', ok: true, seconds: 9, problems: [] };
const failed: RunEvent = { ...finished, ok: false, problems: ['app: postgres://u:canary@h/ is away'] };

type Told = { readonly warnings: readonly string[]; readonly seconds: number };

async function tell(
  settings: HooksSettings,
  directory: string,
  events: readonly RunEvent[],
  env: Record<string, string> = {},
): Promise<Told> {
  const warnings: string[] = [];
  const since = performance.now();
  const listener = hooks(settings, {
    directory,
    env: { PATH: '/usr/bin:/bin', ...env },
    onWarning: (text) => void warnings.push(text),
  });
  await Promise.all(events.map((event) => listener.on(event)));
  await listener.close();
  return { warnings, seconds: (performance.now() - since) / 1_000 };
}

const inputsIn = async (path: string): Promise<HookInput[]> =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => hookInputSchema.parse(JSON.parse(line)));

test('each hears what happened, as JSON, in order', async () => {
  await withDirectory(async (directory) => {
    await writePrograms(directory, { tell: `cat >> "${directory}/heard"` });
    const command = ['./tell'];
    const { warnings } = await tell(
      { afterBackup: command, afterRun: command, onFailure: command },
      directory,
      [
        { ...ofRun, kind: 'run-started' },
        { ...ofRun, kind: 'backup-started', database: done.database },
        done,
        { ...ofRun, kind: 'backup-failed', database: 'bad', error: 'password=canary is wrong', seconds: 1 },
        {
          ...ofRun,
          kind: 'verified',
          database: done.database,
          id,
          verdict: 'proven',
          level: 'restore',
          error: undefined,
          seconds: 3,
        },
        {
          ...ofRun,
          kind: 'copied',
          database: done.database,
          id,
          to: 's3://copies',
          error: 'full',
          seconds: 1,
        },
        { ...ofRun, kind: 'pruned', database: done.database, id: 'old', store: 'file:///backups' },
        failed,
        { ...finished, run: 'run-2' },
      ],
    );
    expect(warnings).toEqual([]);
    const heard = await inputsIn(join(directory, 'heard'));
    expect(heard.map(({ event, ok, run }) => `${run} ${event} ${ok}`)).toEqual([
      'run-1 afterBackup true',
      'run-1 afterBackup false',
      'run-1 onFailure false',
      'run-1 afterRun false',
      'run-2 afterRun true',
    ]);
    expect(heard[0]).toMatchObject({ database: { database: done.database, id, bytes: 5_000_000_000 } });
    expect(heard[3]).toMatchObject({
      databases: [
        {
          status: 'completed',
          verification: { verdict: 'proven' },
          copies: [{ to: 's3://copies', error: 'full' }],
        },
        { database: 'bad', status: 'failed' },
      ],
      pruned: [{ id: 'old' }],
      problems: ['app: postgres://u:***@h/ is away'],
    });
    expect(heard[4]).toMatchObject({ databases: [], pruned: [] });
    expect(JSON.stringify(heard)).not.toContain('canary');
  });
});

test('the environment is small, and no shell reads the words', async () => {
  await withDirectory(async (directory) => {
    await writePrograms(directory, {
      tell: `printf '%s\\n' "$@" > "${directory}/words"; env > "${directory}/env"`,
    });
    const hook = {
      command: [join(directory, 'tell'), '$(id)', 'a b', "'", '; ls', ''],
      environment: ['TOKEN', 'UNSET'],
    };
    const env = { HOME: '/home/me', AWS_SECRET_ACCESS_KEY: 'canary', PGPASSWORD: 'canary', TOKEN: 't0ken' };
    expect((await tell({ afterRun: hook }, directory, [finished], env)).warnings).toEqual([]);
    expect(await readFile(join(directory, 'words'), 'utf8')).toBe("$(id)\na b\n'\n; ls\n\n");
    const variables = await readFile(join(directory, 'env'), 'utf8');
    expect(variables).not.toContain('canary');
    for (const line of [
      'HOME=/home/me',
      'TOKEN=t0ken',
      'PGPROOF_EVENT=afterRun',
      'PGPROOF_OK=true',
      'PGPROOF_SOURCE=shop',
    ])
      expect(variables.split('\n')).toContain(line);
  });
});

test.each([
  ['fails', 'cat > /dev/null; echo out; echo "t0ken err" >&2; exit 3', /exit status 3: \*\*\* err out$/],
  ['is killed', 'kill -9 $$', /signal SIGKILL$/],
  ['reads nothing and fails', 'exit 1', /exit status 1$/],
  ['closes its input and goes on', 'exec <&-; sleep 0.1; exit 4', /exit status 4$/],
  [
    'floods its output',
    'yes loud | head -c 30000000; yes louder | head -c 30000000 >&2; exit 5',
    /exit status 5: /,
  ],
])('one that %s is a warning', async (_what, script, expected) => {
  await withDirectory(async (directory) => {
    await writePrograms(directory, { bad: script });
    const hook = { command: ['./bad'], environment: ['TOKEN'] };
    const many = { ...failed, problems: Array(20_000).fill('a problem of many words') };
    const { warnings } = await tell({ onFailure: hook }, directory, [many], { TOKEN: 't0ken' });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^hooks\.onFailure: \.\/bad ended with /);
    expect(warnings[0]).toMatch(expected);
    expect(warnings[0]?.length).toBeLessThan(1_000);
  });
});

test('one that reads nothing and is content is no trouble, nor is one that leaves something in the background', async () => {
  await withDirectory(async (directory) => {
    await writePrograms(directory, { quiet: 'exit 0', daemon: 'sleep 3 & exit 0' });
    const many = { ...failed, problems: Array(20_000).fill('a problem of many words') };
    const { warnings, seconds } = await tell({ onFailure: ['./quiet'], afterRun: ['./daemon'] }, directory, [
      many,
    ]);
    expect(warnings).toEqual([]);
    expect(seconds).toBeLessThan(2.5);
  });
});

test('one that does not end is ended with its children', async () => {
  await withDirectory(async (directory) => {
    await writePrograms(directory, {
      hang: `(sleep 30; echo late > "${directory}/late") & echo $! > "${directory}/pid"; wait`,
    });
    const hook = { command: ['./hang'], timeoutSeconds: 1 };
    const { warnings, seconds } = await tell({ afterRun: hook }, directory, [finished]);
    expect(warnings).toEqual(['hooks.afterRun: ./hang stopped after 1 s (timeoutSeconds)']);
    expect(seconds).toBeLessThan(4);
    const pid = Number(await readFile(join(directory, 'pid'), 'utf8'));
    await sleep(100);
    expect((await listProcesses()).filter((entry) => entry.pid === pid)).toEqual([]);
  });
});

test('what cannot be started', async () => {
  await withDirectory(async (directory) => {
    await writePrograms(directory, { 'no-interpreter': '' });
    await writeFile(join(directory, 'plain'), 'text');
    await chmod(join(directory, 'plain'), 0o644);
    await writeFile(join(directory, 'foreign'), '#!/nowhere/python\n', { mode: 0o755 });
    await mkdir(join(directory, 'folder'));
    for (const [command, expected] of [
      [['./missing'], './missing was not found, or may not be executed'],
      [['no-such-program-here'], 'no-such-program-here was not found in PATH, or may not be executed'],
      [['./plain'], './plain was not found, or may not be executed'],
      [['./foreign'], 'could not be started'],
      [['./folder'], 'could not be started'],
    ] as const)
      expect((await tell({ afterRun: [...command] }, directory, [finished])).warnings).toEqual([
        expect.stringContaining(expected),
      ]);
  });
});
