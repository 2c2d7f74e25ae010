import { describe, expect, test } from 'vitest';
import type { RestoreStep } from '../../../../core/restore/request.ts';
import { whatStands } from '../../../../core/restore/what-stands.ts';

type About = { readonly create?: boolean; readonly intoNonEmpty?: boolean };

/** After these steps, and with so many entries of the archive begun. */
function saidAfter(about: About, steps: readonly RestoreStep[], doing: readonly string[] = []): string {
  const stands = whatStands();
  stands.of({ database: 'a"b', create: false, intoNonEmpty: false, ...about });
  for (const step of steps) stands.step(step);
  for (const [index, one] of doing.entries())
    stands.progress({
      step: 'restoring',
      doing: one,
      entries: index + 1,
      totalEntries: undefined,
      bytes: 0,
      totalBytes: 0,
    });
  return stands.words('db:5432');
}

const entries = ['table public.t', 'table data public.t', 'index public.i'];

describe('what is said of a restore that was stopped', () => {
  test('before anything is known, and before anything is made', () => {
    expect(whatStands().words('the server')).toBe('Nothing was made or changed on the server. Run it again.');
    expect(saidAfter({ create: true }, [])).toBe('Nothing was made or changed on db:5432. Run it again.');
  });

  test.each([
    [{ create: true }, ['roles'], [], /"a\\"b" was not made yet\. Roles .* stay on the server/],
    [{}, ['roles'], [], /^Nothing in the database "a\\"b" was changed\. Roles .* stay/],
    [{ create: true }, ['creating'], [], /may have been made; .*DROP DATABASE IF EXISTS "a""b";/],
    // Where the archive makes it.
    [{ create: true }, ['restoring'], [], /may have been made/],
    [
      { create: true },
      ['restoring'],
      entries,
      /was made, and .* not complete\. .*--replace-incomplete.*DROP DATABASE "a""b";/,
    ],
    [
      {},
      ['restoring'],
      entries,
      /was empty before, .*not complete \(tables that were made: public\.t\)\. Drop that/,
    ],
    [
      { intoNonEmpty: true },
      ['restoring'],
      entries,
      /beside what was there before, .*\(tables that were made: public\.t\)\. Take away what this run made/,
    ],
    [{ intoNonEmpty: true }, ['restoring'], ['table data public.t'], /may have got rows: public\.t\)/],
    [{ create: true }, ['restoring', 'describing'], entries, /restored to their end and stay; owner, grants/],
    [
      { create: true },
      ['restoring', 'counting'],
      entries,
      /restored to its end and stays; only the comparison/,
    ],
  ] as const)('%j at %j', (about, steps, doing, words) => {
    const said = saidAfter(about, steps, doing);
    expect(said).toMatch(words);
    // One truth: what stays is not also gone.
    expect(said).not.toMatch(/nothing (?:half-done )?was left|Nothing was made/i);
    if (/to (?:its|their) end/.test(said)) expect(said).not.toMatch(/drop|not complete/i);
    if ('intoNonEmpty' in about) expect(said).not.toMatch(/drop/i);
  });
});
