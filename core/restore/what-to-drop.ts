import { qualifiedName } from '../postgres/names.ts';

/** A table, view or sequence that a restore makes. Line breaks in its names may be blanks. */
export type MadeRelation = { readonly type: string; readonly schema: string; readonly name: string };

/** What a restore that did not come to its end may have left. */
export type Left = {
  /** What it was to make, of which nothing was there before; undefined where all that is there is its own. */
  readonly makes: readonly MadeRelation[] | undefined;
  /** What of that is there: statements that drop it, and nothing else. Undefined where nobody could ask. */
  readonly dropSql?: readonly string[] | undefined;
  /** Whether it was to bring rows alone, into tables that were there. */
  readonly addsRows?: boolean | undefined;
};

const shown = 20;

/** What to do with it, for people. @param created whether the restore made the database itself */
export function whatToDrop({ makes, dropSql, addsRows }: Left, created: boolean): string {
  const incomplete = 'What is there is not complete';
  if (created)
    return `${incomplete}: drop that database before you try again, or repeat the call with --replace-incomplete.`;
  if (addsRows)
    return 'No table was made by this restore, and rows may have come into tables that were there: see which (select count(*)) before you try again, which would add them once more.';
  if (makes === undefined)
    return `${incomplete}. That database was empty before: drop it and make it anew before you try again.`;
  if (dropSql === undefined) {
    const names = makes.filter(({ type }) => type !== 'SEQUENCE').map(qualifiedName);
    const more = names.length - shown;
    if (names.length === 0) return 'It was to make no table, so there is none to drop.';
    return `${incomplete}. None of these was there before; what of them is there now was made by this restore and may be dropped, and nothing else: ${names.slice(0, shown).join(', ')}${more > 0 ? `, and ${more} more` : ''}.`;
  }
  if (dropSql.length === 0)
    return 'No table was made by this restore, so there is none to drop before you try again.';
  return `${incomplete}. This restore made the following, which may be dropped before you try again, and nothing else: ${dropSql.join(' ')} Functions and types that it made may stay: the next try uses them.`;
}
