import { UsageError } from '../errors.ts';

/**
 * Whether a key may be used in every store: segments joined by `/`, none empty, none beginning with a dot
 * (`..` must never climb out of the store, and names with a leading dot are the stores' own).
 */
export function isKey(key: string): boolean {
  return !key.includes('\0') && key.split('/').every((segment) => segment !== '' && !segment.startsWith('.'));
}

/** @throws UsageError where `key` would lie outside of the store, or among its own files */
export function checkKey(key: string): void {
  if (isKey(key)) return;
  throw new UsageError({
    what: 'A key cannot be used in a store',
    got: JSON.stringify(key),
    expected: 'segments joined by /, none empty, none beginning with a dot',
    fix: 'Look at what names it: pgproof percent-encodes the names that it makes keys of.',
  });
}
