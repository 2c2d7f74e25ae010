import { hostname, userInfo } from 'node:os';

/** `anna@workstation`. A process may have no name: a user id without an entry in /etc/passwd. */
export function thisPerson(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}
