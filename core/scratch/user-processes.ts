import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStart, sendSignal } from './processes.ts';

/*
 * Users without a name that servers for hostile SQL run as where this is root: the numbers that systemd gives to
 * services with DynamicUser=. https://systemd.io/UIDS-GIDS/
 */
export const ownNumbers = 61_184;
export const lastOwnNumber = 65_519;

const rounds = 50;
const pauseMilliseconds = 20;

export function isOwnNumber(uid: number): boolean {
  return uid >= ownNumbers && uid <= lastOwnNumber;
}

type Status = { readonly pid: number; readonly parent: number; readonly threads: number };

/** Every process that runs as the user, ended ones whose exit was not read left out; none where there is no /proc. */
export async function processesOf(uid: number): Promise<Status[]> {
  const names = await readdir('/proc').catch(() => []);
  const texts = names
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readFile(`/proc/${name}/status`, 'utf8').catch(() => ''));
  return (await Promise.all(texts)).flatMap((text) => statusIn(text, uid));
}

/** Lines of `/proc/PID/status`; the owner of the directory may be another, as of what hides its memory. */
function statusIn(text: string, uid: number): Status[] {
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1] ?? '';
  if (field('Uid') !== String(uid) || 'ZX'.includes(field('State'))) return [];
  return [{ pid: Number(field('Pid')), parent: Number(field('PPid')), threads: Number(field('Threads')) }];
}

/**
 * Ends all that runs as a user whose processes are all ours to end, wherever it went: a session, a directory, a parent
 * of its own. One `kill -1` of the kernel's reaches all of them at once, so that none can have children meanwhile.
 */
export async function endProcessesOf(uid: number): Promise<void> {
  if (process.getuid?.() !== 0 || !isOwnNumber(uid)) return;
  for (let round = 0; round < rounds && (await processesOf(uid)).length > 0; round += 1) {
    const child = spawn('/bin/sh', ['-c', 'kill -s KILL -- -1'], { env: {}, uid, gid: uid, stdio: 'ignore' });
    await once(child, 'exit').catch(() => undefined);
    await sleep(pauseMilliseconds);
  }
}

/**
 * Ends what runs as this process's own user and began after `since` (see processStart), but for this process's own
 * children: on a machine where nobody else's work runs as that user.
 */
export async function endProcessesSince(since: number): Promise<void> {
  const uid = process.getuid?.() ?? 0;
  for (let round = 0; round < rounds; round += 1) {
    const later = await begunSince(await processesOf(uid), since);
    if (later.length === 0) return;
    // Stopped first: one that still ran could have children while the others end.
    for (const pid of later) sendSignal(pid, 'SIGSTOP');
    const more = await begunSince(await processesOf(uid), since);
    if (more.length > later.length) continue;
    for (const pid of more) sendSignal(pid, 'SIGKILL');
    await sleep(pauseMilliseconds);
  }
}

async function begunSince(processes: readonly Status[], since: number): Promise<number[]> {
  const starts = await Promise.all(processes.map(({ pid }) => processStart(pid)));
  return processes.flatMap(({ pid, parent }, index) => {
    const start = starts[index];
    const isOurs = pid === process.pid || parent === process.pid;
    return start !== undefined && start >= since && !isOurs ? [pid] : [];
  });
}
