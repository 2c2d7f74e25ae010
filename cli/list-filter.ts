import { InvalidArgumentError } from 'commander';
import { briefOn, type ListEntry } from '../core/inventory/entry.ts';
import { Unreadable } from '../core/manifest/document.ts';
import { verdicts } from '../core/vocabulary.ts';

/** What `--verdict` takes: the verdicts, and what stands where there is none. */
export const verdictWords = [...verdicts, 'none', 'unreadable'] as const;
export type VerdictWord = (typeof verdictWords)[number];

/** Collects verdicts that may be given several times, or with commas. */
export function collectVerdicts(text: string, before: readonly VerdictWord[] = []): readonly VerdictWord[] {
  const words = text.split(',').map((word) => {
    const known = verdictWords.find((one) => one === word.trim());
    if (known === undefined) throw new InvalidArgumentError(`Expected of ${verdictWords.join(', ')}.`);
    return known;
  });
  return [...before, ...words];
}

/** What a backup counts as for `--verdict`. */
export function verdictWordOf(entry: ListEntry): VerdictWord {
  const { summary, verification } = entry;
  if (summary instanceof Unreadable || verification instanceof Unreadable) return 'unreadable';
  return briefOn(entry)?.verdict ?? 'none';
}

type Asked = {
  readonly name?: string;
  readonly database?: string;
  readonly since?: Date;
  readonly before?: string;
  readonly verdict?: readonly VerdictWord[];
  readonly held?: true;
  readonly asOf?: Date;
};

/** What is said where there is no backup in a store that can be one. @param asked what was asked for */
export function nothingFound(url: string, asked: Asked): string {
  const { name, database, since, verdict, held, before, asOf } = asked;
  const words = [
    ...(name === undefined ? [] : [`of the source ${JSON.stringify(name)}`]),
    ...(database === undefined ? [] : [`of the database ${JSON.stringify(database)}`]),
    ...(since === undefined ? [] : [`begun since ${since.toISOString()}`]),
    ...(before === undefined ? [] : [`older than ${before}`]),
    ...(verdict === undefined ? [] : [`with the verdict ${verdict.join(' or ')}`]),
    ...(held === undefined ? [] : ['that is held']),
  ];
  if (asOf !== undefined)
    return `No backup ${[...words, `that was there at ${asOf.toISOString()}`].join(' ')} in ${url}. Try another moment: aws s3api list-object-versions says when what was deleted.`;
  if (words.length > 0)
    return `No backup ${words.join(' ')} in ${url}. See all there are: pgproof list --store ${url}`;
  const lost = url.startsWith('s3:')
    ? ` If there were some, and the bucket has versions, see what was there: pgproof list --store ${url} --as-of 1d`
    : '';
  return `No backup in ${url} yet. Take one: pgproof backup --store ${url} --source postgresql://…${lost}`;
}
