const shownNames = 5;

/** The names that are most like what was asked for, the nearest first; few of them. @returns `one of a, b, …` */
export function namesLike(
  wanted: string,
  names: readonly { readonly short: string; readonly label: string }[],
): string {
  const plain = wanted.toLowerCase().replace(/["*?]/g, '');
  const distances = names.map(({ short, label }) => ({
    label,
    distance: distance(plain, short.toLowerCase()),
  }));
  distances.sort((a, b) => a.distance - b.distance);
  const near = [...new Set(distances.map(({ label }) => label))];
  if (near.length === 0) return 'a name that is in it: there is none of the kind';
  const shown = near.slice(0, shownNames).join(', ');
  return near.length <= shownNames ? `one of ${shown}` : `one of ${shown}, …`;
}

/** How different two words are: pairs of letters that the one has and the other has not. */
function distance(a: string, b: string): number {
  const [first, second] = [pairsOf(a), pairsOf(b)];
  const shared = [...first].filter((pair) => second.has(pair)).length;
  return first.size + second.size - 2 * shared;
}

function pairsOf(word: string): Set<string> {
  const framed = ` ${word.slice(0, 63)} `;
  return new Set(Array.from({ length: framed.length - 1 }, (_, at) => framed.slice(at, at + 2)));
}
