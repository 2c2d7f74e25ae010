import { UsageError } from '../errors.ts';

/** What the configuration takes as a source's name: also a segment of keys and of log groups, without encoding. */
export const sourceNamePattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/**
 * Refuses a name under which backups would lie where the store has something else: the status page lies at `status/`,
 * beside the sources. However it is written, as there are file systems that see no difference.
 * @throws UsageError
 */
export function checkSourceName(name: string): void {
  if (name.toLowerCase() !== 'status') return;
  throw new UsageError({
    what: 'A source cannot be called so',
    got: JSON.stringify(name),
    expected: 'another name than status, where the status page lies in a store',
    fix: 'Choose another one, such as orders-prod; the command takes it from --name.',
  });
}
