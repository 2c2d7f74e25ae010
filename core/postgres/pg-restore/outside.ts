import { basename } from 'node:path';
import { reasonIn } from './reason.ts';

type Outside = {
  readonly words: RegExp;
  /** @param caught by the groups of `words` */
  readonly name: (caught: readonly string[]) => string;
};

/**
 * What lies outside the database that was backed up, and is looked at while it is restored: other servers, by a
 * materialized view over foreign tables or dblink; files of the server's machine. From the first word on, as in `lacks`.
 */
const outsides: readonly Outside[] = [
  // postgres_fdw, dblink; oracle_fdw; mysql_fdw, tds_fdw and mongo_fdw.
  { words: /^could not connect to server "(.+?)"/, name: ([server]) => `the other server "${server}"` },
  { words: /^could not establish connection/, name: () => 'another server, which dblink connects to' },
  {
    words: /^connection for foreign table "(.+?)" cannot be established/,
    name: ([table]) => `the other server that has foreign table "${table}"`,
  },
  { words: /^failed to connect to (?:the )?(\w+)/i, name: ([kind]) => `another server (${kind})` },
  { words: /^(?:DB-Library error|could not connect to mongo)/i, name: () => 'another server' },
  { words: /^password (?:or GSSAPI .*)?(?:is )?required/, name: () => 'a password for another server' },
  { words: /^server "(.+?)" not available/, name: ([server]) => `the other server "${server}"` },
  {
    words: /^connection "(.+?)" not available/,
    name: ([one]) => `the connection "${one}" to another server`,
  },
  // The path is one of the machine that restores: the file's name is what people know.
  {
    words: /^could not open (?:stop-word|synonyms?|dictionary|affix|thesaurus|unaccent|rules?) file "(.+?)"/,
    name: ([path = '']) => `the text search file "${basename(path)}"`,
  },
  {
    words:
      /^could not (?:open|stat|read|access) (?:file|directory) "(\/.+?)"(?: for reading)?: (?:No such file|Permission denied|Not a directory|Is a directory)/,
    name: ([path]) => `the file "${path}"`,
  },
  { words: /^program "(.+?)" failed/, name: ([program]) => `the program "${program}"` },
  {
    words: /^could not (?:resolve host|connect to host)|^couldn't (?:resolve host|connect to server)/i,
    name: () => 'another machine',
  },
];

/** An error of the other server, passed on by postgres_fdw or dblink: only its context says that it is not our own. */
const passedOn =
  /\sCONTEXT: +(?:.* )?(?:remote SQL command: |while (?:executing query|fetching from cursor|closing cursor|establishing connection|executing command) on (?:the )?(?:unnamed )?dblink connection)/s;

/** What lies outside and could not be had, where that is what this message is about. */
export function outsideOf(message: string): string | undefined {
  const reason = reasonIn(message);
  for (const { words, name } of outsides) {
    const match = words.exec(reason);
    if (match !== null) return name(match.slice(1));
  }
  return passedOn.test(message) ? 'what another server should have' : undefined;
}
