import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, type Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../errors.ts';
import { offer } from '../../process/offer.ts';
import { redactor } from '../../process/redact.ts';
import { type ChildExit, type RunningChild, startChild } from '../../process/run-child.ts';
import { readToc, type Toc } from '../archive/toc.ts';
import { childEnvironment } from '../connect/child-environment.ts';
import { quoteConninfo } from '../libpq/conninfo.ts';
import { toolPath } from '../programs/tools.ts';
import { judge, settle } from './classify.ts';
import { messageReader } from './messages.ts';
import { decompressor, knowsRestrict, restricted } from './plain-sql.ts';
import type { PgRestoreRequest, PgRestoreResult, RestoreProblem } from './restoration.ts';
import { isProgramsOwn, jobDied } from './server-lacks.ts';

const keptProblems = 1_000;

/**
 * Restores an archive into a server with pg_restore, or psql for plain SQL, and collects everything that was refused.
 *
 * @throws the signal's reason when aborted, an error of `archive.stream`; whatever the programs and the server say is
 *   in what it returns
 */
export async function restoreArchive(request: PgRestoreRequest): Promise<PgRestoreResult> {
  const collector = collectProblems(request);
  if (request.format === 'plain') {
    await runPsql(request, collector);
    return collector.result(undefined);
  }
  const toc =
    request.archive.kind === 'path'
      ? await contentsOf(request, request.archive.path, request.format)
      : undefined;
  await runPgRestore(request, toc, collector);
  return collector.result(toc);
}

function contentsOf(
  { tools, signal }: PgRestoreRequest,
  path: string,
  format: Parameters<typeof readToc>[0]['format'],
): Promise<Toc | undefined> {
  // What cannot be listed cannot be restored either, and pg_restore will say so again.
  return readToc({ tools, path, format, signal }).catch(() => {
    signal.throwIfAborted();
    return undefined;
  });
}

async function runPgRestore(
  request: PgRestoreRequest,
  toc: Toc | undefined,
  collector: Collector,
): Promise<void> {
  const { archive, create, database, format, jobs, leaveOut, exitOnError, selection = [] } = request;
  await withList(toc, leaveOut, async (list) => {
    const isParallel = jobs > 1 && archive.kind === 'path' && (format === 'custom' || format === 'directory');
    const args = [
      `--format=${format}`,
      `--dbname=${quoteConninfo(create ? maintenanceDatabase(database) : database)}`,
      '--no-password',
      '--verbose',
      ...(create ? ['--create'] : []),
      ...(exitOnError ? ['--exit-on-error'] : []),
      ...(isParallel ? [`--jobs=${jobs}`] : []),
      ...(list === undefined ? [] : [`--use-list=${list}`]),
      ...selection,
      ...(archive.kind === 'path' ? ['--', archive.path] : []),
    ];
    let entries = 0;
    const totalEntries = toc === undefined ? undefined : toc.entries.length - (leaveOut?.size ?? 0);
    const onStep = (text: string): void => {
      if (isParallel && text.startsWith('entering main parallel loop')) collector.severalSpeak();
      const doing = stepIn(text);
      if (doing === undefined) return;
      entries += 1;
      request.onProgress?.({ doing, entries, totalEntries });
    };
    const child = start(request, 'pg_restore', args, collector.reader(onStep));
    if (archive.kind === 'stream') await feedWhole(child, archive.stream, request.signal);
    await collector.ended('pg_restore', child, request.signal);
  });
}

/** Not the one that is to be made. */
function maintenanceDatabase(database: string): string {
  return database === 'postgres' ? 'template1' : 'postgres';
}

/** `creating INDEX "public.users_email_idx"`, `processing data for table "public.users"` */
function stepIn(text: string): string | undefined {
  const [, type, name] = /^(?:creating|executing) ([A-Z][A-Z ]*) "?(.*?)"?$/.exec(text) ?? [];
  if (type !== undefined) return `${type.toLowerCase()} ${name}`;
  const [, table] = /^processing data for table "(.*?)"?$/.exec(text) ?? [];
  if (table !== undefined) return `table data ${table}`;
  return /^processing BLOBS/.test(text) ? 'large objects' : undefined;
}

/** What is left out is told to pg_restore as a list of all the rest. */
async function withList(
  toc: Toc | undefined,
  leaveOut: ReadonlySet<number> | undefined,
  use: (list: string | undefined) => Promise<void>,
): Promise<void> {
  if (leaveOut === undefined || leaveOut.size === 0 || toc === undefined) return use(undefined);
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-list-'));
  try {
    const list = join(directory, 'list');
    const kept = toc.entries.filter(({ dumpId }) => !leaveOut.has(dumpId));
    await writeFile(list, kept.map(({ dumpId }) => `${dumpId};\n`).join(''), { mode: 0o600 });
    await use(list);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function runPsql(request: PgRestoreRequest, collector: Collector): Promise<void> {
  const { tools, archive, archiveName, database, exitOnError, signal } = request;
  if (!knowsRestrict(tools.version)) {
    const message = `psql ${tools.version} would run programs that a dump names (\\!); restricted mode came with 17.6, 16.10, 15.14, 14.19 and 13.22`;
    collector.add({ fault: 'environment', missing: 'a newer psql', message });
    return;
  }
  const args = [
    '--no-psqlrc',
    '--quiet',
    '--no-password',
    '--file=-',
    `--set=ON_ERROR_STOP=${exitOnError ? '1' : '0'}`,
    `--dbname=${quoteConninfo(database)}`,
  ];
  const child = start(request, 'psql', args, collector.reader());
  const source = archive.kind === 'path' ? createReadStream(archive.path) : archive.stream;
  const unpack = decompressor(archiveName);
  await feed(child, source, unpack === undefined ? [restricted()] : [unpack, restricted()], signal);
  await collector.ended('psql', child, signal);
}

function start(
  { tools, target, signal }: PgRestoreRequest,
  program: 'pg_restore' | 'psql',
  args: readonly string[],
  reader: ReturnType<typeof messageReader>,
): RunningChild & { readonly endMessages: () => void } {
  const child = startChild({
    file: toolPath(tools, program),
    args,
    env: { ...childEnvironment(target), TZ: 'UTC' },
    stdin: 'pipe',
    signal,
    redact: redactor([target.password]),
    onStderrLine: reader.take,
  });
  // What a script selects is of no use to anybody.
  child.stdout.on('error', () => undefined).resume();
  return { ...child, endMessages: reader.end };
}

/**
 * Gives the program its input, and reads the source to its end even where the program needs no more of it (pg_restore
 * leaves the end of a tar): only there the source finds that its bytes are not those that were stored.
 */
async function feedWhole(
  child: RunningChild,
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  if (child.stdin === undefined) throw new Error('standard input is always a pipe here');
  try {
    for await (const chunk of source) {
      signal.throwIfAborted();
      await offer(child.stdin, chunk);
    }
    child.stdin.end();
  } catch (error: unknown) {
    child.kill();
    await child.exited.catch(() => undefined);
    throw signal.aborted ? signal.reason : error;
  }
}

/** Gives the program its input. That it wants no more is for its exit status to explain, not an error of the source. */
async function feed(
  child: RunningChild,
  source: AsyncIterable<Buffer>,
  transforms: readonly Transform[],
  signal: AbortSignal,
): Promise<void> {
  if (child.stdin === undefined) throw new Error('standard input is always a pipe here');
  let sourceError: { readonly error: unknown } | undefined;
  const watched = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* source;
    } catch (error: unknown) {
      sourceError = { error };
      throw error;
    }
  };
  const stages: (Readable | Transform | Writable)[] = [Readable.from(watched()), ...transforms, child.stdin];
  try {
    await pipeline(stages as [Readable, Writable], { signal });
  } catch (error: unknown) {
    child.kill();
    if (signal.aborted || sourceError !== undefined || !isBrokenPipe(error)) {
      await child.exited.catch(() => undefined);
      throw signal.aborted ? signal.reason : (sourceError?.error ?? error);
    }
  }
}

function isBrokenPipe(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  return (
    code === 'EPIPE' ||
    code === 'ECONNRESET' ||
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    code === 'ERR_STREAM_DESTROYED'
  );
}

type Collector = ReturnType<typeof collectProblems>;

function collectProblems({ exitOnError, leaveOut }: PgRestoreRequest) {
  const problems: RestoreProblem[] = [];
  let count = 0;
  let clearCount: number | undefined;
  let hasGivenUp = false;
  const add = (problem: RestoreProblem): void => {
    // The end of a job that told its reason before.
    if ((exitOnError ? count > 0 : hasGivenUp) && jobDied.test(problem.message)) return;
    hasGivenUp ||= isProgramsOwn(problem.message);
    count += 1;
    if (problems.length < keptProblems) problems.push(problem);
  };
  return {
    add,
    /** From now on several jobs write to the same standard error. */
    severalSpeak: (): void => {
      clearCount = count;
    },
    reader: (onStep?: (text: string) => void) =>
      messageReader({
        onStep,
        onComplaint: (complaint) => {
          const problem = judge(complaint);
          if (problem !== undefined) add(problem);
        },
      }),
    ended: async (
      program: string,
      child: RunningChild & { readonly endMessages: () => void },
      signal: AbortSignal,
    ): Promise<void> => {
      let exit: ChildExit;
      try {
        exit = await child.exited;
      } catch (error: unknown) {
        signal.throwIfAborted();
        add({ fault: 'environment', missing: program, message: messageOf(error) });
        return;
      }
      child.endMessages();
      signal.throwIfAborted();
      const unexplained = problemOfExit(program, exit, count === 0 || exitOnError);
      if (unexplained !== undefined && (count === 0 || exit.signal !== null)) add(unexplained);
    },
    result: (toc: Toc | undefined): PgRestoreResult => ({
      problems: settle(problems, toc, leaveOut),
      problemCount: count,
      isMixed: clearCount !== undefined && count > clearCount,
    }),
  };
}

/** A bad end that no message explains. Status 1 of pg_restore also stands for errors that were collected. */
function problemOfExit(program: string, exit: ChildExit, isTold: boolean): RestoreProblem | undefined {
  if (exit.signal !== null) {
    const message = `${program} was killed by ${exit.signal}, not by pgproof; most often there was too little memory`;
    return { fault: 'environment', missing: 'memory', message };
  }
  if (exit.code === 0 || !isTold) return undefined;
  if (exit.code === 126 || exit.code === 127)
    return {
      fault: 'environment',
      missing: program,
      message: `${program} could not be run: ${exit.stderrTail.slice(-300)}`,
    };
  // 1 with nothing but harmless messages: the errors that it counted are those.
  if (exit.code === 1 && /errors ignored on restore/.test(exit.stderrTail)) return undefined;
  return {
    fault: 'backup',
    message: `${program} ended with exit status ${exit.code}: ${exit.stderrTail.slice(-300)}`,
  };
}
