import { UsageError } from '../../errors.ts';
import { isKeyword, type Keyword, type Settings } from './keywords.ts';

const scheme = /^postgres(?:ql)?:\/\//;
// As in libpq the first @ ends the password.
const authority = /^(?:([^@/:]*)(?::([^@]*))?@)?(.*)$/s;

export function isConnectionUrl(text: string): boolean {
  return scheme.test(text);
}

/**
 * Parses libpq's URLs: `postgresql://user:password@host:5432,other:5433/database?sslmode=require`. Host, port
 * and database may be missing; an IPv6 address stands in brackets; a socket's directory is percent-encoded or
 * comes as `?host=/directory`.
 * @throws UsageError whose message repeats no part of the URL: it may hold a password
 */
export function parseConnectionUrl(text: string): Settings {
  const found: { [K in Keyword]?: string } = {};
  const store = (keyword: Keyword, raw: string | undefined): void => {
    if (raw !== undefined && raw !== '') found[keyword] = decode(raw, keyword);
  };

  const rest = text.replace(scheme, '');
  const user = splitUser(rest);
  // The first @ that is not encoded ends user and password. One more, wherever it stands, means that this one was in the
  // password: libpq would take what is between for host, port, database and parameters, and look it up and print it.
  if (user.rest.includes('@')) throw malformed('an "@" behind the place where user and password end');
  store('user', user.name);
  store('password', user.password);

  const { hosts, ports, end } = splitHosts(user.rest);
  store('host', hosts.some((host) => host !== '') ? hosts.join(',') : undefined);
  store('port', ports.some((port) => port !== '') ? ports.join(',') : undefined);

  const tail = user.rest.slice(end);
  const question = tail.indexOf('?');
  const path = question === -1 ? tail : tail.slice(0, question);
  store('dbname', path.slice(1));
  if (question !== -1) readQuery(tail.slice(question + 1), found);
  return found;
}

function splitUser(rest: string): { name?: string | undefined; password?: string | undefined; rest: string } {
  const stop = rest.search(/[@/]/);
  if (stop === -1 || rest[stop] !== '@') return { rest };
  const [, name, password, after] = authority.exec(rest) ?? [];
  return { name, password, rest: after ?? '' };
}

function splitHosts(text: string): { hosts: string[]; ports: string[]; end: number } {
  const hosts: string[] = [];
  const ports: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '[') {
      const close = text.indexOf(']', at);
      if (close === -1) throw malformed('a "[" without "]" around an IPv6 address');
      if (close === at + 1) throw malformed('an empty IPv6 address "[]"');
      hosts.push(text.slice(at + 1, close));
      at = close + 1;
      if (at < text.length && !':/?,'.includes(text.charAt(at))) {
        throw malformed('a character after "]" that is none of : / ? ,');
      }
    } else {
      const end = endOf(text, at, /[:/?,]/g);
      hosts.push(text.slice(at, end));
      at = end;
    }
    let port = '';
    if (text[at] === ':') {
      const end = endOf(text, at + 1, /[/?,]/g);
      port = text.slice(at + 1, end);
      at = end;
    }
    ports.push(port);
    if (text[at] !== ',') return { hosts, ports, end: at };
    at += 1;
  }
}

function endOf(text: string, from: number, stop: RegExp): number {
  stop.lastIndex = from;
  return stop.exec(text)?.index ?? text.length;
}

function readQuery(query: string, found: { [K in Keyword]?: string }): void {
  if (query === '') return;
  for (const part of query.split('&')) {
    const [rawName = '', rawValue, ...more] = part.split('=');
    if (rawValue === undefined || more.length > 0) {
      throw malformed('a parameter after "?" that does not have exactly one "="');
    }
    const name = decode(rawName, 'a parameter');
    const value = decode(rawValue, name);
    // JDBC's spelling, which libpq takes too.
    if (name === 'ssl' && value === 'true') found.sslmode = 'require';
    else if (isKeyword(name)) found[name] = value;
    else throw unknownParameter(name);
  }
}

function decode(raw: string, name: string): string {
  // Malformed UTF-8 and broken percent signs both throw; %00 can never be part of a name.
  try {
    const value = decodeURIComponent(raw);
    if (!value.includes('\0')) return value;
  } catch {
    // Falls through to the message below, which does not repeat the value as the URIError might.
  }
  throw malformed(
    `a percent sign in ${/^[a-z_ ]+$/i.test(name) ? name : 'a parameter'} that encodes nothing`,
  );
}

function unknownParameter(name: string): UsageError {
  return new UsageError({
    what: 'The URL has a parameter that libpq does not know',
    got: /^[a-z_]{1,40}$/i.test(name) ? name : 'a name that is not a word',
    expected: 'sslmode, host, connect_timeout, …',
    fix: 'Correct its name; the PostgreSQL manual lists them under "Parameter Key Words".',
  });
}

function malformed(got: string): UsageError {
  return new UsageError({
    what: 'The URL of the PostgreSQL server cannot be read',
    got,
    expected: 'postgresql://user:password@host:5432/database?sslmode=verify-full',
    fix: 'Percent-encode special characters in names and passwords: @ is %40, / is %2F, # is %23, ? is %3F, % is %25, : is %3A.',
  });
}
