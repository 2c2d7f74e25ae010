import { parseArgs } from 'node:util';
import { messageOf, UsageError } from '../../functions/shared/errors.ts';
import { type Architecture, architectures, type LayerKind, machineArchitecture } from './build-root.ts';
import { debianMajors } from './package-sources.ts';

const usage = 'npm run layers -- [--major 15,17,18] [--arch x86_64,arm64] [--server] [--into DIR]';

/** What the command is asked to build. */
export type LayerRequest = {
  readonly majors: readonly number[];
  readonly archs: readonly Architecture[];
  readonly kind: LayerKind;
  readonly into: string | undefined;
};

/** @throws UsageError */
export function parseRequest(words: readonly string[]): LayerRequest {
  const { major, arch, server, into } = parseWords(words);
  return {
    majors: major === undefined ? debianMajors : list(major).map(parseMajor),
    archs: arch === undefined ? [defaultArchitecture()] : list(arch).map(parseArchitecture),
    kind: server === true ? 'server' : 'client',
    into,
  };
}

type Words = {
  major?: string | undefined;
  arch?: string | undefined;
  server?: boolean | undefined;
  into?: string | undefined;
};

function parseWords(words: readonly string[]): Words {
  try {
    return parseArgs({
      args: [...words],
      options: {
        major: { type: 'string' },
        arch: { type: 'string' },
        server: { type: 'boolean' },
        into: { type: 'string' },
      },
    }).values;
  } catch (error: unknown) {
    const fix = `Usage: ${usage}`;
    throw new UsageError({ what: 'The call is wrong', got: messageOf(error), fix }, { cause: error });
  }
}

function list(text: string): string[] {
  return text.split(',').map((word) => word.trim());
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

/** Layers for Lambda can be built on a machine that could not run them. */
function defaultArchitecture(): Architecture {
  return machineArchitecture() ?? 'arm64';
}
