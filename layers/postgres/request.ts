import { parseArgs } from 'node:util';
import { messageOf, UsageError } from '../../core/errors.ts';
import { type Architecture, architectures, type LayerKind, layerKinds } from './build-root.ts';
import { parseExtension } from './extensions.ts';
import { parseLocale } from './locales.ts';

/** What the command is asked to do. */
export type LayerRequest = {
  /** `undefined`: all that are known; of an update, all that are built. */
  readonly majors: readonly number[] | undefined;
  readonly archs: readonly Architecture[];
  /** More than one of an update only. */
  readonly kinds: readonly LayerKind[];
  readonly extensions: readonly string[] | undefined;
  readonly locales: readonly string[] | undefined;
  readonly update: boolean;
  readonly maxAgeDays: number | undefined;
  readonly into: string | undefined;
};

/** @throws UsageError; returns `help` where that is asked for */
export function parseRequest(words: readonly string[]): LayerRequest | 'help' {
  const given = parseWords(words);
  if (given.help === true) return 'help';
  const { major, arch, server = false, extension, locale, update = false, into } = given;
  if (!server && extension !== undefined) throw serverOnly('--extension');
  if (!server && locale !== undefined) throw serverOnly('--locale');
  return {
    majors: major && unique(list(major).map(parseMajor)),
    archs: arch === undefined ? architectures : unique(list(arch).map(parseArchitecture)),
    kinds: server ? ['server'] : update ? layerKinds : ['client'],
    extensions: extension && parseExtensions(list(extension)),
    locales: locale && unique(list(locale).map(parseLocale)),
    update,
    maxAgeDays: given['max-age-days'] === undefined ? undefined : parseDays(given['max-age-days']),
    into,
  };
}

const options = {
  major: { type: 'string', multiple: true },
  arch: { type: 'string', multiple: true },
  server: { type: 'boolean' },
  extension: { type: 'string', multiple: true },
  locale: { type: 'string', multiple: true },
  update: { type: 'boolean' },
  'max-age-days': { type: 'string' },
  into: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** The words of the call, by option. */
type GivenOptions = {
  readonly major?: readonly string[] | undefined;
  readonly arch?: readonly string[] | undefined;
  readonly server?: boolean | undefined;
  readonly extension?: readonly string[] | undefined;
  readonly locale?: readonly string[] | undefined;
  readonly update?: boolean | undefined;
  readonly 'max-age-days'?: string | undefined;
  readonly into?: string | undefined;
  readonly help?: boolean | undefined;
};

function parseWords(words: readonly string[]): GivenOptions {
  try {
    return parseArgs({ args: [...words], options }).values;
  } catch (error: unknown) {
    const fix = 'See npm run layers -- --help.';
    throw new UsageError({ what: 'The call is wrong', got: messageOf(error), fix }, { cause: error });
  }
}

function list(words: readonly string[]): string[] {
  return words.flatMap((word) => word.split(',')).map((word) => word.trim());
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

function parseMajor(word: string): number {
  if (/^[1-9]\d?$/.test(word)) return Number(word);
  throw new UsageError({ what: '--major', got: word, expected: 'numbers such as 15,17', fix: 'Correct it.' });
}

function parseArchitecture(word: string): Architecture {
  const found = architectures.find((arch) => arch === word);
  if (found !== undefined) return found;
  throw new UsageError({
    what: '--arch',
    got: word,
    expected: architectures.join(' or '),
    fix: 'Correct it.',
  });
}

function parseExtensions(words: readonly string[]): string[] {
  if (words.length === 1 && words[0] === 'none') return [];
  return unique(words.map(parseExtension)).map((word) => {
    if (word !== 'none') return word;
    const fix = 'Leave out none, or the others.';
    throw new UsageError({ what: '--extension', got: words.join(','), expected: 'none alone', fix });
  });
}

function parseDays(word: string): number {
  if (/^\d{1,5}(\.\d+)?$/.test(word)) return Number(word);
  const fix = 'Correct it.';
  throw new UsageError({ what: '--max-age-days', got: word, expected: 'a number such as 7', fix });
}

function serverOnly(flag: string): UsageError {
  return new UsageError({
    what: `${flag} is for the server layer`,
    got: 'no --server',
    fix: `Add --server, or leave out ${flag}.`,
  });
}
