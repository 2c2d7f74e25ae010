import * as z from 'zod';
import { PgproofError, type Problem } from '../errors.ts';
import { oneLine } from '../text/one-line.ts';

/**
 * The most that is read of a document in a store. Whoever may write there may write anything: a gigabyte, or brackets
 * in brackets until a parser's stack or memory ends. A backup of 300 000 tables, indexes and functions stays below.
 */
export const documentLimits = {
  bytes: 64 * 1024 * 1024,
  /** Brackets in brackets; ours are 6 deep. */
  depth: 32,
  /** Entries of lists and objects, all together: each takes memory, however few bytes it is written in. */
  values: 4_000_000,
} as const;

/** The only one so far; a higher number would mean that this version is misled by what it reads. */
const formatVersion = 1;

/**
 * Bytes under a document's key that are no such document, that are about another backup than their key says, or that
 * this version must not interpret.
 */
export class ManifestUnreadable extends PgproofError {
  override readonly name = 'ManifestUnreadable';
  /** The number of a newer format, where that is why: nothing is wrong with the bytes. */
  readonly newerFormat: number | undefined;

  constructor(problem: Problem, options: ErrorOptions & { readonly newerFormat?: number } = {}) {
    super(problem, options);
    this.newerFormat = options.newerFormat;
  }
}

/**
 * What stands in the place of a document that cannot be read. A class, because a document may have any key, this one
 * too.
 */
export class Unreadable {
  readonly unreadable: string;

  /** @param why a sentence for people */
  constructor(why: string) {
    this.unreadable = why;
  }
}

/** @throws ManifestUnreadable where the bytes are no JSON within the limits, or the JSON is not of that schema */
export function parseJsonObject<T>(bytes: Uint8Array, where: string, schema: z.ZodType<T>, word: string): T {
  const excess = excessOf(bytes);
  if (excess !== undefined) throw unreadable(where, word, excess);
  let json: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    json = JSON.parse(text);
    // No name of PostgreSQL's has one, and its protocol ends a text there.
    if (nul.test(text)) throw unreadable(where, word, 'it holds the character U+0000');
  } catch (cause) {
    throw cause instanceof ManifestUnreadable ? cause : unreadable(where, word, 'not JSON', cause);
  }
  const newerFormat = newerFormatOf(json);
  if (newerFormat !== undefined) throw madeByNewer(where, word, newerFormat);
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, shownIssues);
  throw unreadable(where, word, oneLine(z.prettifyError({ issues }), { squeeze: true }));
}

const shownIssues = 3;
/** Written as JSON does; after an odd backslash it is another text. */
const nul = /(?<!\\)(?:\\\\)*\\u0000/;

/** What in a document is beyond the limits; found before anything is made of it. Undefined where nothing is. */
export function excessOf(bytes: Uint8Array): string | undefined {
  const { bytes: most, depth: deepest, values: many } = documentLimits;
  if (bytes.length > most) return `more than ${most} bytes`;
  let depth = 0;
  let values = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === comma) values += 1;
    else if (byte === bracket || byte === brace) {
      values += 1;
      depth += 1;
      if (depth > deepest) return `brackets nested more than ${deepest} deep`;
    } else if (byte === bracketEnd || byte === braceEnd) depth -= 1;
    if (values > many) return `more than ${many} values`;
  }
  return undefined;
}

const [quote, backslash, comma, bracket, bracketEnd, brace, braceEnd] = Buffer.from('"\\,[]{}');

/**
 * A list whose entries are looked at one by one, and no more of them once some were found wrong: a schema of zod's own
 * makes an issue of every entry, which of millions takes gigabytes.
 */
export function listOf<T>(
  entry: z.ZodType<T>,
  { least = 0 }: { readonly least?: number } = {},
): z.ZodType<T[]> {
  return z
    .array(z.unknown())
    .min(least)
    .transform((found, context) => {
      const entries: T[] = [];
      for (const [index, one] of found.entries()) {
        const result = entry.safeParse(one);
        if (result.success) entries.push(result.data);
        else if (tellIssues(result.error, index, context)) return z.NEVER;
      }
      return entries;
    });
}

/** An object that maps names to text; looked at as {@link listOf} does. */
export function textByName(): z.ZodType<Record<string, string>> {
  return z.record(z.string(), z.unknown()).transform((found, context) => {
    for (const [name, text] of Object.entries(found)) {
      const result = z.string().safeParse(text);
      if (!result.success && tellIssues(result.error, name, context)) return z.NEVER;
    }
    return found as Record<string, string>;
  });
}

/** @returns whether enough was told */
function tellIssues(
  error: z.ZodError,
  key: string | number,
  { issues }: { readonly issues: unknown[] },
): boolean {
  for (const issue of error.issues) issues.push({ ...issue, path: [key, ...issue.path], input: undefined });
  return issues.length >= shownIssues;
}

function newerFormatOf(json: unknown): number | undefined {
  const number = (json as { readonly formatVersion?: unknown } | null)?.formatVersion;
  return Number.isSafeInteger(number) && Number(number) > formatVersion ? Number(number) : undefined;
}

function madeByNewer(where: string, word: string, newerFormat: number): ManifestUnreadable {
  return new ManifestUnreadable(
    {
      what: `${where} is a ${word} of a newer pgproof`,
      got: `formatVersion ${newerFormat}`,
      expected: `${formatVersion} at the most`,
      fix: 'Use the pgproof that wrote it, or a newer one; nothing was changed.',
    },
    { newerFormat },
  );
}

function unreadable(where: string, word: string, got: string, cause?: unknown): ManifestUnreadable {
  return new ManifestUnreadable(
    {
      what: `${where} is not a ${word} of pgproof`,
      got,
      expected: 'JSON with formatVersion 1',
      fix: "Restore the object from the bucket's version history, or take another backup.",
    },
    { cause },
  );
}

/** Two spaces, and a newline at the end: people open it. */
export function serialize(document: object): Buffer {
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}
