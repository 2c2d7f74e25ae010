import { LineCounter, parseDocument } from 'yaml';
import type { ConfigProblem } from '../config/problem.ts';
import { messageOf } from '../errors.ts';

/** What a file of a configuration says, and what is wrong with the file itself. */
export type ReadYaml = { readonly raw: unknown; readonly problems: readonly ConfigProblem[] };

/** A value that is named and repeated is repeated so often at most: ten lines of ten names each are a thousand million. */
const mostAliases = 50;

/** What the parser has against it, where its own word for that is no sentence. None of the file's text is repeated. */
const words: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'a key that is there twice',
  TAB_AS_INDENT: 'a tab as indentation',
  BAD_INDENT: 'a line that is not indented as those around it',
  BLOCK_AS_IMPLICIT_KEY: 'a second key on one line, perhaps a colon in a text without quotes',
  MULTIPLE_DOCS: 'a second document after ---',
  TAG_RESOLVE_FAILED: 'a tag (!…)',
  BAD_ALIAS: 'an alias (*…) of nothing, or *, & or @ at the beginning of a text without quotes',
  UNEXPECTED_TOKEN: 'something that is not expected there',
  MISSING_CHAR: 'a missing quote, bracket, comma or colon',
  MULTILINE_IMPLICIT_KEY: 'a key over several lines, perhaps of a missing quote or colon',
};

/** YAML 1.2, of which JSON is a part: only its core schema, no tags of anybody's. */
export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  // Messages with a piece of the file in them would repeat a password that stands there.
  const document = parseDocument(text, { schema: 'core', prettyErrors: false, lineCounter: lines });
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) => {
    const { line, col } = lines.linePos(pos[0]);
    return {
      path: `line ${line}, column ${col}`,
      got: words[code] ?? code.toLowerCase().replaceAll('_', ' '),
      expected: 'YAML 1.2 or JSON',
      fix: 'Correct the line; a text with a colon, a # or an @ in it is safe in quotes.',
    };
  });
  if (document.errors.length > 0) return { raw: undefined, problems };
  try {
    return { raw: document.toJS({ maxAliasCount: mostAliases }), problems };
  } catch (error: unknown) {
    const got = error instanceof ReferenceError ? 'names (&…) that are repeated too often' : messageOf(error);
    const fix = 'Write the values out where they are needed.';
    return {
      raw: undefined,
      problems: [
        ...problems,
        { path: 'the whole file', got, expected: `at most ${mostAliases} aliases`, fix },
      ],
    };
  }
}
