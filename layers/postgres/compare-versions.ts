/**
 * Orders versions of packages as dpkg does: negative when `a` is older.
 *
 * @see https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
 */
export function compareVersions(a: string, b: string): number {
  const [some, other] = [split(a), split(b)];
  return (
    some.epoch - other.epoch ||
    compareParts(some.upstream, other.upstream) ||
    compareParts(some.revision, other.revision)
  );
}

function split(version: string): { epoch: number; upstream: string; revision: string } {
  const [, epoch = '0', rest = version] = /^(\d+):(.*)$/.exec(version) ?? [];
  const [, upstream = rest, revision = ''] = /^(.*)-([^-]*)$/.exec(rest) ?? [];
  return { epoch: Number(epoch), upstream, revision };
}

/** Text and numbers take turns, beginning with text, which may be empty. */
function compareParts(a: string, b: string): number {
  const [some, other] = [parts(a), parts(b)];
  for (let index = 0; index < Math.max(some.length, other.length); index += 1) {
    const [left, right] = [some[index] ?? '', other[index] ?? ''];
    const order = index % 2 === 0 ? compareText(left, right) : Number(left) - Number(right);
    if (order !== 0) return order;
  }
  return 0;
}

function parts(text: string): string[] {
  return [...text.matchAll(/(\D*)(\d*)/g)].flatMap(([, letters = '', digits = '']) => [letters, digits]);
}

function compareText(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = weight(a[index]) - weight(b[index]);
    if (order !== 0) return order;
  }
  return 0;
}

/** A tilde before the end, the end before letters, letters before all else. */
function weight(character: string | undefined): number {
  if (character === '~') return -1;
  if (character === undefined) return 0;
  const code = character.codePointAt(0) ?? 0;
  return /[A-Za-z]/.test(character) ? code : code + 256;
}
