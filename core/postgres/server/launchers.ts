import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { serverEnvironment } from './cluster.ts';
import type { OsUser } from './os-user.ts';

/** What a server for hostile SQL is started through, beside a sandbox, where it is there and works. */
export type Launchers = {
  /** `keyctl session -` of keyutils: a session keyring of its own. Else it has the caller's, with the keys in it. */
  readonly keyctl: readonly string[];
  /** `setpriv --no-new-privs` of util-linux: programs that are setuid raise nobody. Every sandbox does that itself. */
  readonly setpriv: readonly string[];
};

/** Where distributions install them. */
const directories = ['/usr/bin', '/bin', '/usr/local/bin'];

export const systemLaunchers: Launchers = {
  keyctl: directories.map((directory) => join(directory, 'keyctl')),
  setpriv: directories.map((directory) => join(directory, 'setpriv')),
};

export type Launch = {
  /** The words that start a program: it and its arguments come after them. */
  readonly words: readonly string[];
  /** Whether setuid programs of the machine are of no use to it. */
  readonly hasNoNewPrivileges: boolean;
};

const probeLimitMilliseconds = 10_000;

/**
 * How to start a server so that it has as little as possible of what this process was given. Each program is tried as the
 * server's user: a container may refuse its system call.
 *
 * @param directory the server's own
 */
export async function launchThrough(
  { keyctl, setpriv }: Launchers,
  directory: string,
  osUser: OsUser | undefined,
  isSandboxed: boolean,
): Promise<Launch> {
  const place = { directory, osUser };
  const ownKeyring = await firstThatWorks(keyctl, ['session', '-'], place);
  const noNewPrivileges = isSandboxed ? [] : await firstThatWorks(setpriv, ['--no-new-privs'], place);
  return {
    words: [...ownKeyring, ...noNewPrivileges],
    hasNoNewPrivileges: isSandboxed || noNewPrivileges.length > 0,
  };
}

type Place = { readonly directory: string; readonly osUser: OsUser | undefined };

async function firstThatWorks(
  paths: readonly string[],
  args: readonly string[],
  place: Place,
): Promise<string[]> {
  for (const path of paths) if (await works(path, args, place)) return [path, ...args];
  return [];
}

async function works(path: string, args: readonly string[], { directory, osUser }: Place): Promise<boolean> {
  const isThere = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isThere) return false;
  const settings = {
    cwd: directory,
    env: serverEnvironment(directory),
    uid: osUser?.uid,
    gid: osUser?.gid,
    timeout: probeLimitMilliseconds,
  };
  return await new Promise((resolve) => {
    execFile(path, [...args, '/bin/sh', '-c', ':'], settings, (error) => resolve(error === null));
  });
}
