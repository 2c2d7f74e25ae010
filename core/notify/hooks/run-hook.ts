import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { HookSettings } from '../../config/hooks.ts';
import { hookSeconds } from '../../config/hooks.ts';
import { messageOf } from '../../errors.ts';
import { lineTail } from '../../process/line-tail.ts';
import { redactor } from '../../process/redact.ts';
import { startChild } from '../../process/run-child.ts';
import { oneLine } from '../../text/one-line.ts';
import type { HookInput } from './hook-input.ts';

export type HookSurroundings = {
  /** Of the configuration: relative programs lie below it, and hooks start in it. */
  readonly directory: string;
  /** Where PATH, HOME, LANG and what a hook names are taken from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
};

const outputBytes = 2_048;
/** What every program may know. Credentials of AWS and PostgreSQL are among what it may not, unless they are named. */
const passedOn = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'USER', 'LOGNAME', 'TMPDIR'];

/**
 * Starts a hook, hands it what happened as JSON, and waits for its end.
 * @returns why it failed, on one line; undefined where it ended with exit status 0
 */
export async function runHook(
  settings: HookSettings,
  input: HookInput,
  { directory, env, signal }: HookSurroundings,
): Promise<string | undefined> {
  const { command, timeoutSeconds = hookSeconds.default, environment = [] } = wordsOf(settings);
  const [program = '', ...args] = command;
  const named = environmentOf(environment, env);
  const redact = redactor(Object.values(named));
  const file = await findProgram(program, directory, env.PATH);
  if (file === undefined)
    return `${oneLine(program)} was not found${hasPath(program) ? '' : ' in PATH'}, or may not be executed`;
  const limit = AbortSignal.timeout(timeoutSeconds * 1_000);
  try {
    const child = startChild({
      file,
      args,
      cwd: directory,
      env: { ...environmentOf(passedOn, env), ...named, ...variablesOf(input) },
      stdin: 'pipe',
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
      stderrLimitBytes: outputBytes,
    });
    const output = collect(child.stdout);
    // One that reads nothing, or not to the end, breaks the pipe: startChild listens, and its exit status counts.
    child.stdin?.end(`${JSON.stringify(input)}\n`);
    const { code, signal: by, stderrTail } = await child.exited;
    // What it left in the background may hold on to its pipes; nobody listens any more.
    child.stdout.destroy();
    child.stdin?.destroy();
    if (code === 0) return undefined;
    // Only what is shown: to look for secrets in each line of a flood takes longer than the flood.
    const said = oneLine(redact([stderrTail, output()].filter((text) => text !== '').join('\n')));
    const how = limit.aborted
      ? `stopped after ${timeoutSeconds} s (timeoutSeconds)`
      : `ended with ${by === null ? `exit status ${code}` : `signal ${by}`}`;
    return `${oneLine(program)} ${how}${said === '' ? '' : `: ${said}`}`;
  } catch (error: unknown) {
    return oneLine(redact(messageOf(error)));
  }
}

type HookWords = Exclude<HookSettings, readonly string[]>;

function wordsOf(settings: HookSettings): HookWords {
  return 'command' in settings ? settings : { command: [...settings] };
}

function collect(stdout: Readable): () => string {
  const tail = lineTail({ limitBytes: outputBytes, redact: (text) => text });
  stdout.on('data', tail.push);
  stdout.on('error', () => undefined);
  return tail.end;
}

function hasPath(program: string): boolean {
  return program.includes('/');
}

/** As a shell does it, but that a relative path counts from the configuration: cron starts anywhere. */
async function findProgram(program: string, directory: string, path = ''): Promise<string | undefined> {
  const places = hasPath(program)
    ? [resolve(directory, program)]
    : path.split(delimiter).flatMap((part) => (isAbsolute(part) ? [join(part, program)] : []));
  for (const place of places) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  return undefined;
}

function environmentOf(
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

function variablesOf(input: HookInput): Record<string, string> {
  return {
    PGPROOF_EVENT: input.event,
    PGPROOF_OK: String(input.ok),
    PGPROOF_RUN: input.run,
    PGPROOF_SOURCE: input.source,
  };
}
