/** A name of PostgreSQL's has so many bytes at the most. */
const nameBytes = 63;

/** `_before_20261127_190512`: when the table of that name came from the backup. */
export function oldSuffix(now: Date): string {
  const digits = now.toISOString().replace(/\D/g, '');
  return `_before_${digits.slice(0, 8)}_${digits.slice(8, 14)}`;
}

/**
 * A name that is free for what has to give way: the old one, shortened where it must be, and the suffix.
 * @param taken names that are not free
 */
export function oldName(name: string, suffix: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const end = count === 1 ? suffix : `${suffix}_${count}`;
    const candidate = `${beginning(name, nameBytes - Buffer.byteLength(end))}${end}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** As many whole letters as fit. */
function beginning(name: string, bytes: number): string {
  let kept = '';
  let used = 0;
  for (const letter of name) {
    used += Buffer.byteLength(letter);
    if (used > bytes) break;
    kept += letter;
  }
  return kept;
}
