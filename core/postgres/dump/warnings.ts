import type { BackupWarning } from '../../manifest/manifest.ts';

/** What is more is counted only. */
const mostWarnings = 50;
const longestWarning = 1_000;

/**
 * `pg_dump: warning: …`, and what libpq says of the server's own warnings: `pg_dump: WARNING:  …`, `WARNING:  …`, or
 * `WARNUNG:  …` in the server's language, in which a notice counts as a warning too. libpq's own words are in English.
 */
const first =
  /^(?:(?:pg_dump|pg_dumpall): )?(?:warning: |WARNING: +|(?!(?:DEBUG|LOG|INFO|NOTICE|DETAIL|HINT|QUERY|CONTEXT|LOCATION|LINE \d+):)\p{L}[\p{L} ]*: {2})/u;
/** `pg_dump: detail: …`, `pg_dump: hint: …`, `DETAIL:  …`, `HINT:  …`. */
const further = /^(?:(?:pg_dump|pg_dumpall): )?(?:detail|hint|DETAIL|HINT): +/;
const named = /^(?:pg_dump|pg_dumpall): /;
/** Both programs begin no line of their own otherwise; what the server says has its level in front. */
const another = /^(?:[A-Z]+[0-9]?: |\S+: )/;

/**
 * Collects what a program warns of out of its standard error, line by line; the same words count once, as each worker
 * of pg_dump says them. `program` is what people know it by.
 */
export class WarningCollector {
  readonly #program: string;
  readonly #messages = new Set<string>();
  #current: string[] | undefined;
  #more = 0;

  constructor(program: string) {
    this.#program = program;
  }

  line(line: string): void {
    if (first.test(line)) {
      this.#finish();
      this.#current = [line.replace(first, '')];
      return;
    }
    if (this.#current === undefined) return;
    // A message of several lines goes on without the program's name.
    const goesOn = further.test(line) || !(named.test(line) || another.test(line));
    if (goesOn) this.#current.push(line.replace(further, '').trim());
    else this.#finish();
  }

  /** Everything so far, in the order that it came in. */
  found(): BackupWarning[] {
    this.#finish();
    const program = this.#program;
    const all = [...this.#messages].map((message) => ({ program, message }));
    return this.#more === 0 ? all : [...all, { program, message: `and ${this.#more} more` }];
  }

  #finish(): void {
    const message = this.#current
      ?.filter((line) => line !== '')
      .join(' ')
      .slice(0, longestWarning);
    this.#current = undefined;
    if (message === undefined || this.#messages.has(message)) return;
    if (this.#messages.size < mostWarnings) this.#messages.add(message);
    else this.#more += 1;
  }
}
