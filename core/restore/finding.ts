import { PgproofError, type Problem } from '../errors.ts';

/** What a finding is about; programs may go by it. */
export type FindingSubject =
  | 'server'
  | 'version'
  | 'programs'
  | 'database'
  | 'locale'
  | 'money'
  | 'roles'
  | 'membership'
  | 'powers'
  | 'extensions'
  | 'rights'
  | 'tablespaces'
  | 'connections'
  | 'room'
  | 'scratch'
  | 'selection'
  | 'schema'
  | 'archive';

/** One thing that was looked at before anything is made. */
export type Finding = {
  readonly subject: FindingSubject;
  /** `warning`: it may go wrong. `unknown`: it cannot be known before. `refused`: it would surely fail. */
  readonly status: 'ok' | 'warning' | 'unknown' | 'refused';
  /** One line for people. */
  readonly detail: string;
  /** Of what is refused, and of what would be but for --keep-going. */
  readonly problem?: Problem | undefined;
  /** Of what is refused with an error of its own, where nothing else is. */
  readonly error?: PgproofError | undefined;
};

/** The target is not what a restore may write into; nothing was changed. */
export class TargetRefused extends PgproofError {
  override readonly name = 'TargetRefused';
}

export function refused(subject: FindingSubject, problem: Problem): Finding {
  const { what, got } = problem;
  return { subject, status: 'refused', detail: got === undefined ? what : `${what}: ${got}`, problem };
}

export function refusedBy(subject: FindingSubject, error: PgproofError): Finding {
  return { ...refused(subject, error.problem), error };
}

/** What is refused by an error of its own. */
export async function findingOf(subject: FindingSubject, work: () => Promise<void>): Promise<Finding[]> {
  try {
    await work();
    return [];
  } catch (error: unknown) {
    if (error instanceof PgproofError) return [refusedBy(subject, error)];
    throw error;
  }
}

/** What would end a restore, and only lacks in one that keeps going. */
export function lacking(subject: FindingSubject, keepGoing: boolean, problem: Problem): Finding {
  const finding = refused(subject, problem);
  return keepGoing ? { ...finding, status: 'warning' } : finding;
}

/** @throws TargetRefused that names all of them, where there are any; of one alone its own error */
export function refuseBy(findings: readonly Finding[]): void {
  const all = findings.filter(({ status }) => status === 'refused');
  const problems = all.flatMap(({ problem }) => problem ?? []);
  const [first, ...others] = problems;
  if (first === undefined) return;
  if (others.length === 0) throw all[0]?.error ?? new TargetRefused(first);
  const told = problems.map(({ what, got, expected }) => {
    const found = got === undefined ? what : `${what}: ${got}`;
    return expected === undefined ? found : `${found} (expected ${expected})`;
  });
  throw new TargetRefused({
    what: `${problems.length} things stand in the way of this restore, and nothing was made`,
    got: told.join('\n'),
    fix: [...new Set(problems.map(({ fix }) => fix))].join('\n'),
  });
}

const shownNames = 5;

/** `"a", "b" and 3 more` */
export function few(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).map((name) => JSON.stringify(name));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
