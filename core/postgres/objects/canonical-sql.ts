/** String constants, quoted names, words and numbers, casts; else a character by itself. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*|\p{N}[\p{L}\p{N}_.]*|::|\S/gu;

/** What may follow the first word of a type's name. */
const typeWords = new Set(['varying', 'precision', 'with', 'without', 'time', 'zone']);

/**
 * SQL that the server wrote from a parse tree, in a form that survives being parsed and written once more, so for
 * comparing only. Two things do not come back as they were: parentheses (`a BETWEEN 1 AND 2 AND b` nests, and is
 * flattened when it is read again) and casts of arrays (`(ARRAY['x'::character varying])::text[]` becomes
 * `ARRAY[('x'::character varying)::text]`). Parentheses and white space go, and the casts of an array and its items.
 */
export function canonicalSql(sql: string): string {
  const tokens = (sql.match(token) ?? []).filter((one) => one !== '(' && one !== ')');
  const kept: string[] = [];
  // For every open bracket whether it is an array's, whose items' casts go.
  const brackets: boolean[] = [];
  let closedArray = false;
  for (let at = 0; at < tokens.length; ) {
    const one = tokens[at] ?? '';
    if (one === '::' && (closedArray || brackets.at(-1) === true)) {
      at = afterType(tokens, at + 1);
      continue;
    }
    if (one === '[') brackets.push(kept.at(-1)?.toUpperCase() === 'ARRAY');
    closedArray = one === ']' && brackets.pop() === true;
    kept.push(one);
    at += 1;
  }
  return kept.join(' ');
}

/** Where a type's name ends: `character varying 20`, `"Odd schema" . "type" [ ]`. */
function afterType(tokens: readonly string[], start: number): number {
  let at = start + 1;
  while (tokens[at] === '.') at += 2;
  for (;;) {
    const one = tokens[at] ?? '';
    // A type's modifier, `(20)` before its parentheses went. `(10,2)` is left: the comma might be the array's.
    if (typeWords.has(one) || /^\p{N}+$/u.test(one)) at += 1;
    else if (one === '[' && tokens[at + 1] === ']') at += 2;
    else return at;
  }
}
