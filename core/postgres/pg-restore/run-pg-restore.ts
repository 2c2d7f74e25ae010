import type { Toc } from '../archive/toc.ts';
import { quoteConninfo } from '../libpq/conninfo.ts';
import { feedWhole } from './feed.ts';
import { maintenanceDatabase } from './new-database.ts';
import { PhaseTimes } from './phase-times.ts';
import type { ProblemCollector } from './problems.ts';
import type { PgRestoreRequest, PgRestoreResult } from './restoration.ts';
import { startProgram } from './start-program.ts';

type Way = {
  /** Path of a `--use-list` file; undefined: everything. */
  readonly list: string | undefined;
  readonly jobs: number;
  /** Whether pg_restore makes the database first. */
  readonly create: boolean;
};

/** pg_restore on one archive, in one go or several; progress and problems are those of all together. */
export class PgRestoreRun {
  readonly #request: PgRestoreRequest;
  readonly #collector: ProblemCollector;
  readonly #totalEntries: number | undefined;
  readonly #times = new PhaseTimes();
  #entries = 0;

  constructor(request: PgRestoreRequest, toc: Toc | undefined, collector: ProblemCollector) {
    this.#request = request;
    this.#collector = collector;
    this.#totalEntries = toc === undefined ? undefined : toc.entries.length - (request.leaveOut?.size ?? 0);
  }

  /** Everything, by one job. @returns see {@link some} */
  async all(): Promise<boolean> {
    return await this.#run({ list: undefined, jobs: 1, create: this.#request.create });
  }

  /** What is on the list. @returns whether pg_restore went through to its end, errors or not */
  async some(list: string, way: Omit<Way, 'list'>): Promise<boolean> {
    return await this.#run({ list, ...way });
  }

  /** To be asked at the end. */
  phases(): PgRestoreResult['phases'] {
    return this.#times.until(performance.now());
  }

  async #run(way: Way): Promise<boolean> {
    const { archive, signal, onProgress } = this.#request;
    const onStep = (text: string): void => {
      if (way.jobs > 1 && text.startsWith('entering main parallel loop')) this.#collector.jobsBegin();
      const doing = stepIn(text);
      if (doing === undefined) return;
      this.#entries += 1;
      this.#times.step(doing, performance.now());
      onProgress?.({ doing, entries: this.#entries, totalEntries: this.#totalEntries });
    };
    const messages = this.#collector.reader(onStep);
    const program = startProgram('pg_restore', argumentsOf(this.#request, way), this.#request, messages);
    if (archive.kind === 'stream') await feedWhole(program.child, archive.stream, signal);
    return await this.#collector.ended(program, signal);
  }
}

function argumentsOf(
  { archive, database, maintenance, format, exitOnError, selection = [] }: PgRestoreRequest,
  { list, jobs, create }: Way,
): string[] {
  return [
    `--format=${format}`,
    `--dbname=${quoteConninfo(create ? (maintenance ?? maintenanceDatabase(database)) : database)}`,
    '--no-password',
    '--verbose',
    ...(create ? ['--create'] : []),
    ...(exitOnError ? ['--exit-on-error'] : []),
    ...(jobs > 1 ? [`--jobs=${jobs}`] : []),
    ...(list === undefined ? [] : [`--use-list=${list}`]),
    ...selection,
    ...(archive.kind === 'path' ? ['--', archive.path] : []),
  ];
}

/** `creating INDEX "public.users_email_idx"`, `processing data for table "public.users"` */
function stepIn(text: string): string | undefined {
  const [, type, name] = /^(?:creating|executing) ([A-Z][A-Z ]*) "?(.*?)"?$/.exec(text) ?? [];
  if (type !== undefined) return `${type.toLowerCase()} ${name}`;
  const [, table] = /^processing data for table "(.*?)"?$/.exec(text) ?? [];
  if (table !== undefined) return `table data ${table}`;
  return /^processing BLOBS/.test(text) ? 'large objects' : undefined;
}
