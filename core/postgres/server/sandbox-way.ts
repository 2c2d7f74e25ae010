import type { OsUser } from './os-user.ts';
import type { Mount } from './sandbox-mounts.ts';

/** One way to start a program sandboxed; the program and its arguments come after `args`. */
export type SandboxWay = {
  readonly tool: 'bubblewrap' | 'unshare';
  /** For people. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** As root, who changes the user inside; else as the server's user. */
  readonly startsAsRoot: boolean;
};

export type SandboxWish = {
  readonly mounts: readonly Mount[];
  /** Whom the program is to run as. */
  readonly user: Pick<OsUser, 'uid' | 'gid'>;
  /** Where the program starts. */
  readonly directory: string;
  readonly isRoot: boolean;
};

/** setpriv's arguments that leave nothing of root's: no groups, no capabilities, none to be had again. */
export function setprivArguments({ uid, gid }: Pick<OsUser, 'uid' | 'gid'>): string[] {
  return [
    '--reuid',
    String(uid),
    '--regid',
    String(gid),
    '--clear-groups',
    '--inh-caps=-all',
    '--no-new-privs',
  ];
}
