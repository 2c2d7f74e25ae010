import { type Check, isGood, isPass, reachedBy } from '../manifest/verification.ts';
import { inForceAfter, type Verified } from '../manifest/verified.ts';
import { levels } from '../vocabulary.ts';
import { userChecksName } from './prove/user-checks.ts';

/** What people are told of a run that is not in order: in a message, and as an error. */
export type VerdictWords = {
  readonly result: 'failed' | 'unverifiable';
  /** The checks that did not pass, each with what it found. */
  readonly bad: readonly string[];
  readonly fix: string;
};

export function verdictWords(verified: Verified): VerdictWords {
  const { verdict, checks } = verified;
  const bad = checks.filter(({ status }) => status !== 'passed');
  const lines = bad.map(({ name, detail }) => `${name}: ${detail}`);
  if (isPass(verdict)) return { result: 'failed', bad: [outweighed(verified)], fix: mendDeeper(verified) };
  if (verdict === 'failed') return { result: 'failed', bad: lines, fix: fixFor(bad) };
  return {
    result: 'unverifiable',
    bad: lines,
    fix: `${standing(verified)}Mend what the verifier lacked, then verify again: pgproof verify ${verified.id}${acceptance(bad)}`,
  };
}

/** What may be said to lack on purpose, where that is all that is in the way of a proof. */
function acceptance(bad: readonly Check[]): string {
  const acceptable = [...new Set(bad.flatMap((check) => check.acceptable ?? []))];
  // What was left out is not compared either, and would not have to be.
  const isAll = bad.every((check) => check.acceptable !== undefined || check.name === 'schema');
  if (acceptable.length === 0 || !isAll) return '';
  const flags = acceptable.map((spec) => `--without ${inShell(spec)}`).join(' ');
  return `. What it is never to have can be accepted: ${flags}, or verify.without ${JSON.stringify(acceptable)} in cdk.json; the verdict is proven-without then`;
}

function inShell(text: string): string {
  return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`;
}

/** A backup that is exactly what its source was can still be false to a check: then the source is to be looked at. */
function fixFor(bad: readonly Check[]): string {
  const failed = bad.filter(({ status }) => status === 'failed');
  if (failed.every(({ name }) => name === userChecksName))
    return 'Run that SQL at the source. False there too: the data was so, or stopped coming, before it was backed up. True there: do not count on this backup, and take another one now.';
  return 'Do not count on this backup: take another one now, and keep the older ones.';
}

function outweighed(verified: Verified): string {
  const { level, startedAt } = inForceAfter(verified);
  return `in order at level ${verified.level}, but failed at level ${level} on ${startedAt}, which a weaker verification does not outweigh`;
}

function mendDeeper(verified: Verified): string {
  const { level } = inForceAfter(verified);
  // The failure in force may have come after a deeper one, which is to be mended too.
  const needed = levels.indexOf(verified.level) < levels.indexOf(level) ? level : 'restore';
  return `Do not count on this backup unless it passes there too: pgproof verify ${verified.id} --level ${needed}`;
}

/** Whether one may count on the backup all the same. */
function standing(verified: Verified): string {
  const inForce = inForceAfter(verified);
  if (inForce.verdict === 'failed') return 'The backup stays failed, as it was found before. ';
  if (!isGood(inForce)) return '';
  const found = isPass(inForce.verdict)
    ? `it is ${inForce.verdict} since ${inForce.startedAt}`
    : `level ${reachedBy(inForce)} was passed whole`;
  return `The backup still counts as good: ${found}, and no fault was found. `;
}
