import { homedir } from 'node:os';

/** A process may have none: a user id without an entry in /etc/passwd, and no HOME. */
export function home(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
