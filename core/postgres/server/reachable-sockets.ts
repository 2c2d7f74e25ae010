import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OsUser } from './os-user.ts';

/** Where servers put their sockets unless they are told otherwise: upstream, Debian, Red Hat. */
const usualDirectories = ['/tmp', '/var/run/postgresql', '/run/postgresql'];
const probeLimitMilliseconds = 10_000;

/**
 * Sockets of PostgreSQL servers that the user may connect to: a program that runs as that user could log in there.
 * Found where servers usually put them, and among all that this machine listens on (Linux).
 */
export async function reachableSockets(osUser: OsUser | undefined): Promise<string[]> {
  const listening = listeningSockets(await readFile('/proc/net/unix', 'utf8').catch(() => ''));
  const usual = (await Promise.all(usualDirectories.map(socketsIn))).flat();
  const all = [...new Set([...listening, ...usual])];
  const mayConnect = await Promise.all(all.map((path) => isWritable(path, osUser)));
  return all.filter((_, index) => mayConnect[index]);
}

/** Lines of `/proc/net/unix`: …, flags (the fourth; 0x10000: it listens), type, state, inode, path; `@`: no file. */
export function listeningSockets(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, flags = '', path = ''] = /^\S+ \S+ \S+ (\S+) \S+ \S+ +\d+ (.+)$/.exec(line) ?? [];
    return (Number.parseInt(flags, 16) & 0x10000) !== 0 && isPostgres(path) ? [path] : [];
  });
}

function isPostgres(path: string): boolean {
  return /(?:^|[/@])\.s\.PGSQL\.\d+$/.test(path);
}

async function socketsIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter(isPostgres).map((name) => join(directory, name));
}

/** Asked as that user. A socket without a file (its name begins with `@`) is open to everybody. */
function isWritable(path: string, osUser: OsUser | undefined): Promise<boolean> {
  if (path.startsWith('@')) return Promise.resolve(true);
  const settings = { env: {}, uid: osUser?.uid, gid: osUser?.gid, timeout: probeLimitMilliseconds };
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', '[ -w "$1" ]', 'pgproof-probe', path], settings, (error) => {
      // An exit status is the shell's answer; where it could not be asked, the worse is taken for true.
      resolve(typeof error?.code !== 'number');
    });
  });
}
