import { messageOf } from '../../errors.ts';
import { howSignalled } from '../../process/ended-by-signal.ts';
import type { ChildExit, RunningChild } from '../../process/run-child.ts';
import { damageInExit, mustRead } from '../archive/damage-in-exit.ts';
import type { Toc } from '../archive/toc.ts';
import type { PostgresTools } from '../programs/tools.ts';
import { judge, settle } from './classify.ts';
import { type MessageReader, messageReader } from './messages.ts';
import { isProgramsOwn, jobDied } from './reason.ts';
import type { PgRestoreRequest, PgRestoreResult, RestoreProblem } from './restoration.ts';

const keptProblems = 1_000;

/** pg_restore's last words where it went on after errors. */
const toldErrors = /errors ignored on restore/;

/** A program of PostgreSQL's under way, whose standard error is read. */
export type ReadProgram = {
  readonly name: 'pg_restore' | 'psql';
  readonly child: RunningChild;
  readonly messages: MessageReader;
};

type ProblemRequest = Pick<
  PgRestoreRequest,
  'exitOnError' | 'leaveOut' | 'asSuperuser' | 'errorWord' | 'writtenBy'
> & {
  /** Those that are run; where they are not told a crash says nothing of the archive. */
  readonly tools?: PostgresTools;
};

/** Collects what is refused while a backup is restored, from messages and from how the programs end. */
export class ProblemCollector {
  readonly #request: ProblemRequest;
  readonly #problems: RestoreProblem[] = [];
  #count = 0;
  /** How many there were when the program under way began: those explain no bad end of it. */
  #countBefore = 0;
  /** Whether several jobs write to the same standard error now, and whether a problem was told meanwhile. */
  #jobsSpeak = false;
  #isMixed = false;
  #programGaveUp = false;

  constructor(request: ProblemRequest) {
    this.#request = request;
  }

  add(problem: RestoreProblem): void {
    const isKnown = this.#request.exitOnError ? this.#count > 0 : this.#programGaveUp;
    // The end of a job that told its reason before.
    if (isKnown && jobDied.test(problem.message)) return;
    this.#programGaveUp ||= isProgramsOwn(problem.message);
    this.#count += 1;
    this.#isMixed ||= this.#jobsSpeak;
    if (this.#problems.length < keptProblems) this.#problems.push(problem);
  }

  /** From now on until the program ends several jobs write to the same standard error. */
  jobsBegin(): void {
    this.#jobsSpeak = true;
  }

  /** Reads one program's standard error; `onStep` hears what pg_restore begins with. */
  reader(onStep?: (text: string) => void): MessageReader {
    this.#countBefore = this.#count;
    const { tools, writtenBy } = this.#request;
    const mustBeRead = tools !== undefined && mustRead(tools, writtenBy);
    return messageReader({
      onStep,
      errorWord: this.#request.errorWord,
      onComplaint: (complaint) => {
        const problem = judge(complaint, this.#request.asSuperuser, mustBeRead);
        if (problem !== undefined) this.add(problem);
      },
    });
  }

  /**
   * Waits for the program's end, and adds what its messages have not explained.
   * @returns whether it went through to its end, errors or not; else another one need not be started
   * @throws the signal's reason
   */
  async ended({ name, child, messages }: ReadProgram, signal: AbortSignal): Promise<boolean> {
    let exit: ChildExit;
    try {
      exit = await child.exited;
    } catch (error: unknown) {
      signal.throwIfAborted();
      this.add({ fault: 'environment', missing: name, message: messageOf(error) });
      return false;
    }
    messages.end();
    signal.throwIfAborted();
    this.#jobsSpeak = false;
    const { tools } = this.#request;
    const damage =
      name === 'pg_restore' && tools !== undefined ? await damageInExit(exit, { tools }) : undefined;
    if (damage !== undefined) {
      this.add({ fault: 'backup', message: damage, endsRestore: true, isDamage: true });
      return false;
    }
    const isUntold = this.#count === this.#countBefore;
    const unexplained = problemOfExit(name, exit, isUntold || this.#request.exitOnError);
    if (unexplained !== undefined && (isUntold || exit.signal !== null)) this.add(unexplained);
    return exit.code === 0 || (exit.code === 1 && toldErrors.test(exit.stderrTail));
  }

  /** @param toc undefined where there is none, or it cannot be read */
  result(toc: Toc | undefined): Omit<PgRestoreResult, 'isSettled' | 'jobs' | 'whyOneJob' | 'phases'> {
    return {
      problems: settle(this.#problems, toc, this.#request.leaveOut),
      problemCount: this.#count,
      isMixed: this.#isMixed,
    };
  }
}

/**
 * A bad end that no message explains.
 * @param statusCounts false where a status of failure just stands for errors that were collected
 */
function problemOfExit(name: string, exit: ChildExit, statusCounts: boolean): RestoreProblem | undefined {
  if (exit.signal !== null)
    return {
      fault: 'environment',
      endsRestore: true,
      missing: exit.lackedMemory ? 'memory' : `a ${name} that goes on to its end`,
      message: howSignalled(name, exit),
    };
  if (exit.code === 0 || !statusCounts) return undefined;
  if (exit.code === 126 || exit.code === 127)
    return {
      fault: 'environment',
      missing: name,
      message: `${name} could not be run: ${exit.stderrTail.slice(-300)}`,
    };
  // 1 with nothing but harmless messages: the errors that it counted are those.
  if (exit.code === 1 && toldErrors.test(exit.stderrTail)) return undefined;
  return {
    fault: 'backup',
    message: `${name} ended with exit status ${exit.code}: ${exit.stderrTail.slice(-300)}`,
  };
}
