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
