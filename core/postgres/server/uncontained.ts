import { execFile } from 'node:child_process';
import { PgproofError } from '../../errors.ts';
import { isOwnNumber } from '../../scratch/user-processes.ts';
import type { Isolation } from './isolation.ts';
import type { OsUser } from './os-user.ts';
import { reachableSockets } from './reachable-sockets.ts';

/** What may be done where a server for hostile SQL cannot be sandboxed. */
export type Uncontained =
  /** Nothing: there is no restore. */
  | 'refused'
  /** The operator asked for it: as another user than the caller, and with no PostgreSQL server within reach. */
  | 'asked-for'
  /** Nothing of production lies on this machine (Lambda): where the caller's secrets are out of reach. */
  | 'own-machine'
  /** The same, and the operator asked for it where they are within reach. */
  | 'own-machine-asked-for'
  /** What is restored was made by the caller: the demonstration, tests. */
  | 'own-data';

/** A restore would let the dump's SQL do what a user of this machine can. */
export class CannotBeContained extends PgproofError {
  override readonly name = 'CannotBeContained';
}

const probeLimitMilliseconds = 10_000;

/** As whom the server would run, and with what. */
type Runs = { readonly osUser: OsUser | undefined; readonly hasNoNewPrivileges: boolean };

/**
 * How a server runs that no sandbox holds.
 * @param why there is no sandbox, for people
 * @throws CannotBeContained where it may not
 */
export async function runUncontained(
  permission: Uncontained,
  why: string,
  { osUser, hasNoNewPrivileges }: Runs,
): Promise<Isolation> {
  const isHidden = await isHiddenFrom(osUser);
  const isMachine = permission === 'own-machine' || permission === 'own-machine-asked-for';
  const remarks = [
    why,
    ...(osUser === undefined ? [] : [`the server runs as the ${osUser.name}`]),
    ...(isHidden
      ? ["pgproof's own environment and memory are hidden from it"]
      : ["pgproof's own environment and memory can be read by it"]),
    ...(hasNoNewPrivileges ? [] : ['programs that are setuid are open to it']),
    ...(isMachine ? ['the network is open to it'] : []),
  ];
  const isolation = (kind: Isolation['kind']): Isolation => ({ kind, detail: remarks.join('; ') });
  if (permission === 'own-data') return isolation('unsandboxed');
  if (isMachine && isHidden) return isolation('own-machine');
  if (permission === 'own-machine-asked-for') return isolation('unsandboxed');
  if (permission === 'own-machine') throw refusal(`${why}; the function's credentials can be read by it`);
  if (permission === 'refused') throw refusal(why);
  if (osUser === undefined)
    throw refusal(`${why}; as an ordinary user it would run with the caller's files and environment`);
  if (!isOwnNumber(osUser.uid)) throw refusal(`${why}; this container has no user of its own for it`);
  const sockets = await reachableSockets(osUser);
  if (sockets.length > 0)
    throw refusal(
      `${why}; a PostgreSQL server is within reach of its SQL: ${sockets.slice(0, 3).join(', ')}`,
      'Verify on a machine without a PostgreSQL server',
    );
  return isolation('unsandboxed');
}

function refusal(got: string, first = 'Install bubblewrap and allow it user namespaces'): CannotBeContained {
  return new CannotBeContained({
    what: 'The SQL of this backup could reach this machine',
    got,
    fix: `${first}, or run as root, or verify at level read; where everybody who can write SQL at the source is trusted: --allow-uncontained (verify.allowUncontained).`,
  });
}

/**
 * Whether a program of the server's user can read what this process was given, its credentials: it cannot where that
 * is another user, nor where Linux was told to hide it (functions/verify/keep-secrets.sh). Found by trying.
 */
function isHiddenFrom(osUser: OsUser | undefined): Promise<boolean> {
  const read = `: < /proc/${process.pid}/environ`;
  const settings = { env: {}, uid: osUser?.uid, gid: osUser?.gid, timeout: probeLimitMilliseconds };
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', read], settings, (error) => {
      // An exit status is the shell's answer; a shell that could not be started shows nothing.
      resolve(typeof error?.code === 'number');
    });
  });
}
