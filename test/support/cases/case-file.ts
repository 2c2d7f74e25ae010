import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Verdict, verdicts } from '../../../core/vocabulary.ts';

/**
 * A database as a file of test/fixtures/cases: SQL for psql, in an empty database, and above it what is right:
 *
 *     -- What: a sentence
 *     -- Verdict: failed, violates check constraint     (the verdict, and words that must be in what did not pass)
 *     -- Says: in the archive's order                   (words that must be in what passed; optional)
 *     -- By hand: differs, as …                         (where the documented restore, done by hand, gives another text)
 *     -- Session: -c TimeZone=Asia/Kolkata              (settings of the connections that back it up; optional)
 *     -- Majors: 17-                                    (the oldest that takes it; optional)
 *     -- Draw: npm test                                 (else in `npm run test:long` only)
 */
export type CaseFile = {
  /** The file's name without its ending. */
  readonly name: string;
  readonly what: string;
  readonly path: string;
  readonly verdict: Verdict;
  /** Must be in the details of the checks that did not pass. */
  readonly words: string | undefined;
  readonly says: string | undefined;
  readonly session: string | undefined;
  /** What a restore by hand comes to. */
  readonly byHand: 'same' | 'differs' | 'refused';
  readonly oldestMajor: number;
  readonly isDrawn: boolean;
};

const directory = join(import.meta.dirname, '../../fixtures/cases');

export function caseFiles(): CaseFile[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map(readCase);
}

function readCase(file: string): CaseFile {
  const path = join(directory, file);
  const text = readFileSync(path, 'utf8');
  const head = (key: string): string | undefined =>
    new RegExp(`^-- ${key}: (.*)$`, 'm').exec(text)?.[1]?.trim();
  const [, verdict, words] = /^(\w[\w-]*)(?:, (.*))?$/.exec(head('Verdict') ?? '') ?? [];
  const what = head('What');
  if (what === undefined || !isVerdict(verdict)) throw new Error(`${file} does not say What, or its Verdict`);
  const byHand = head('By hand')?.split(',')[0] ?? (verdict === 'failed' ? 'refused' : 'same');
  if (byHand !== 'same' && byHand !== 'differs' && byHand !== 'refused')
    throw new Error(`${file}: by hand it is the same, differs or is refused, not ${byHand}`);
  return {
    name: file.replace(/\.sql$/, ''),
    what,
    path,
    verdict,
    words,
    says: head('Says'),
    session: head('Session'),
    byHand,
    oldestMajor: Number.parseInt(head('Majors') ?? '0', 10),
    isDrawn: head('Draw') !== undefined,
  };
}

function isVerdict(text: string | undefined): text is Verdict {
  return (verdicts as readonly (string | undefined)[]).includes(text);
}
