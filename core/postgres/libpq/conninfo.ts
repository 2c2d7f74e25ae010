import { UsageError } from '../../errors.ts';
import { isKeyword, type Keyword, type Settings } from './keywords.ts';
import { serverMeant } from './server-meant.ts';
import { isConnectionUrl, parseConnectionUrl } from './url.ts';

// libpq's isspace() in the C locale.
const blank = /[ \t\n\v\f\r]/;

/**
 * Parses what psql takes as its first argument: a URL, `keyword=value` pairs, or the bare name of a database.
 * Messages name keywords only: a value may be a password.
 * @throws UsageError
 */
export function parseConninfo(text: string): Settings {
  if (isConnectionUrl(text)) return parseConnectionUrl(text);
  const scheme = /^\s*([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme !== undefined) {
    throw new UsageError({
      what: 'This is not the URL of a PostgreSQL server',
      got: `${scheme}://…`,
      expected: 'postgresql://user@host:5432/database',
      fix: 'Write the URL with postgresql:// in front, or use keyword=value pairs.',
    });
  }
  // `db.example.com/app?sslmode=require` is no pairs.
  return /^[^:/@]*=/.test(text) ? parsePairs(text) : bareName(text);
}

/**
 * A database's name as a connection string, for `--dbname=…` of pg_dump and its family. Whatever is in the
 * name (`host=evil dbname=x`, `-Fp`, a URL, quotes, newlines), libpq takes it for the name and nothing else.
 */
export function quoteConninfo(database: string): string {
  return writeConninfo({ dbname: database });
}

/** `keyword='value'` pairs that libpq reads as these values and nothing else. */
export function writeConninfo(settings: Settings): string {
  return Object.entries(settings)
    .map(([keyword, value = '']) => `${keyword}='${value.replace(/[\\']/g, '\\$&')}'`)
    .join(' ');
}

function bareName(text: string): Settings {
  const meant = serverMeant(text.trim());
  if (meant !== undefined) {
    throw new UsageError({
      what: 'This is taken for the name of a database, and looks like that of a server',
      got: text.trim(),
      expected: 'postgresql://user@host:5432/database, or host=… dbname=…',
      fix: `Did you mean ${meant}? A database that is called so is written dbname='${text.trim()}'.`,
    });
  }
  if (/^\/[^:@?#=]+$/.test(text)) {
    throw new UsageError({
      what: 'This is a path, and neither a URL nor keyword=value pairs',
      expected: 'postgresql://user@host:5432/database, or host=… dbname=…',
      fix: `Did you mean the socket in that directory: host=${text}?`,
    });
  }
  // psql would take `localhost/app` for a database on the local socket; that is never what was meant.
  if (/[:/@]/.test(text)) {
    throw new UsageError({
      what: 'This is neither a URL nor keyword=value pairs',
      expected: 'postgresql://user@host:5432/database, or host=… dbname=…',
      fix: "Put postgresql:// in front. For a database with such a name write dbname='the name'.",
    });
  }
  return text === '' ? {} : { dbname: text };
}

function parsePairs(text: string): Settings {
  const found: { [K in Keyword]?: string } = {};
  let at = 0;
  const skipBlanks = (): void => {
    while (at < text.length && blank.test(text.charAt(at))) at += 1;
  };

  for (skipBlanks(); at < text.length; skipBlanks()) {
    const start = at;
    while (at < text.length && text[at] !== '=' && !blank.test(text.charAt(at))) at += 1;
    const name = text.slice(start, at);
    skipBlanks();
    if (text[at] !== '=') throw malformed('a word without "=" after it');
    at += 1;
    skipBlanks();
    // Behind a password it may be the rest of it: one with a blank that nobody put between quotes.
    if (!isKeyword(name)) throw unknownKeyword(found.password === undefined ? name : '');
    const value = text[at] === "'" ? quotedValue(text, at) : plainValue(text, at);
    at = value.end;
    found[name] = value.text;
  }
  return found;
}

type Value = { readonly text: string; readonly end: number };

function plainValue(text: string, start: number): Value {
  let value = '';
  let at = start;
  for (; at < text.length && !blank.test(text.charAt(at)); at += 1) {
    if (text[at] === '\\') at += 1;
    value += text.charAt(at);
  }
  return { text: value, end: at };
}

function quotedValue(text: string, start: number): Value {
  let value = '';
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "'") return { text: value, end: at + 1 };
    if (text[at] === '\\') at += 1;
    value += text.charAt(at);
  }
  throw malformed('a quote that is not closed');
}

function malformed(got: string): UsageError {
  return new UsageError({
    what: 'The connection string cannot be read',
    got,
    expected: "keyword=value pairs, such as host=db.example.com dbname='my app'",
    fix: "Put values with spaces between single quotes, and a backslash before ' and \\ inside them.",
  });
}

/** Only words are repeated: anything else may be a piece of a password that was not quoted. */
export function unknownKeyword(name: string): UsageError {
  return new UsageError({
    what: 'The connection string has a parameter that libpq does not know',
    got: /^[a-z_]{1,40}$/i.test(name) ? name : 'a name that is not a word',
    expected: 'host, port, dbname, user, password, sslmode, …',
    fix: 'Correct its name; the PostgreSQL manual lists them under "Parameter Key Words".',
  });
}
