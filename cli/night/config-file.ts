import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type NightConfig, nightSchema } from '../../core/config/night.ts';
import { parseNight } from '../../core/config/parse-night.ts';
import { ConfigurationError } from '../../core/config/problem.ts';
import { messageOf, UsageError } from '../../core/errors.ts';
import { readYaml } from '../../core/night/read-yaml.ts';
import { byteCount } from '../../core/text/units.ts';

/** Where a configuration is looked for when nobody says. */
export const usualPlaces = ['pgproof.yaml', '/etc/pgproof/pgproof.yaml'] as const;

export type ReadConfiguration = {
  readonly config: NightConfig;
  readonly path: string;
  /** Files that it names are relative to it. */
  readonly directory: string;
};

/** Thousands of sources have room. */
const mostBytes = 1024 * 1024;

/** Hears of a configuration that is wrong; `notify` is what it says of messages, where that part is right. */
export type OnWrong = (
  error: ConfigurationError,
  notify: NightConfig['notify'],
  directory: string,
) => Promise<void>;

/**
 * The configuration of a night.
 *
 * @param asked a file; undefined: the first of the places that there is
 * @throws UsageError, ConfigurationError with all problems
 */
export async function readConfiguration(
  asked: string | undefined,
  places: readonly string[] = usualPlaces,
  onWrong?: OnWrong,
): Promise<ReadConfiguration> {
  const path = asked === undefined ? await firstOf(places) : asked;
  const directory = dirname(resolve(path));
  const { raw, problems } = readYaml(await textOf(path));
  try {
    return { config: parseNight(raw, path, problems), path, directory };
  } catch (error: unknown) {
    const notify = notifyOf(raw);
    if (error instanceof ConfigurationError && notify !== undefined)
      await onWrong?.(error, notify, directory);
    throw error;
  }
}

function notifyOf(raw: unknown): NightConfig['notify'] | undefined {
  const said = typeof raw === 'object' && raw !== null && 'notify' in raw ? raw.notify : undefined;
  return nightSchema.shape.notify.safeParse(said).data;
}

async function firstOf(places: readonly string[]): Promise<string> {
  for (const path of places) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) return path;
  }
  throw new UsageError({
    what: 'There is no configuration',
    got: `neither ${places.join(' nor ')}`,
    expected: 'a file of YAML',
    fix: 'Name one with --config; pgproof init writes a start.',
  });
}

async function textOf(path: string): Promise<string> {
  const problem = (got: string, fix: string, cause?: unknown): UsageError =>
    new UsageError(
      {
        what: `The configuration ${JSON.stringify(path)} cannot be read`,
        got,
        expected: 'a file of YAML',
        fix,
      },
      { cause },
    );
  if (path === '') throw problem('an empty name', 'Name a file; a variable of a script may be unset.');
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile())
        throw problem(
          found.isDirectory() ? 'a directory' : 'no plain file',
          'Name the file in it: pgproof.yaml.',
        );
      if (found.size > mostBytes)
        throw problem(`${byteCount(found.size)}`, 'Name another file: this is none that pgproof reads.');
      const bytes = await file.readFile();
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } finally {
      await file.close();
    }
  } catch (error: unknown) {
    if (error instanceof UsageError) throw error;
    if (error instanceof TypeError) throw problem('bytes that are no UTF-8', 'Save it as UTF-8.', error);
    throw problem(messageOf(error), 'Correct --config; pgproof init writes a start.', error);
  }
}
