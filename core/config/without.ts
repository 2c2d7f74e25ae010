import * as z from 'zod';
import { UsageError } from '../errors.ts';
import { checkedBy } from './checked-by.ts';

/** What is accepted not to be had where a backup is verified: an entry of an archive, by type and name. */
export type Without = {
  /** As it was written. */
  readonly text: string;
  /** pg_dump's word: `MATERIALIZED VIEW`. */
  readonly type: string;
  /** Undefined: in whatever schema. */
  readonly schema: string | undefined;
  readonly name: string;
};

/** What can lack a server, a file or a library, and what depends on such; pg_dump's words (pg_dump.c, ARCHIVE_OPTS). */
const types = [
  'access method',
  'aggregate',
  'cast',
  'collation',
  'constraint',
  'database properties',
  'domain',
  'event trigger',
  'extension',
  'foreign data wrapper',
  'foreign table',
  'function',
  'index',
  'materialized view',
  'operator',
  'operator class',
  'operator family',
  'procedural language',
  'procedure',
  'schema',
  'sequence',
  'server',
  'table',
  'text search configuration',
  'text search dictionary',
  'text search parser',
  'text search template',
  'transform',
  'trigger',
  'type',
  'user mapping',
  'view',
];

const part = '"(?:[^"]|"")+"|[^\\s".]+';
const spec = new RegExp(`^(${types.join('|')}) (?:(${part})\\.)?(${part})$`, 's');

/**
 * Reads `extension aws_commons`, `materialized view crm.mirror`; a name with spaces, dots or quotes in double quotes, as in
 * SQL.
 * @throws UsageError
 */
export function parseWithout(text: string): Without {
  const [, type, schema, name] = spec.exec(text) ?? [];
  if (type === undefined || name === undefined) {
    throw new UsageError({
      what: 'That does not name what a verification may go without',
      got: JSON.stringify(text),
      expected:
        'TYPE NAME or TYPE SCHEMA.NAME, such as "extension aws_commons", "materialized view crm.mirror"',
      fix: "Name it as the verdict does; TYPE is pg_dump's word in lower case, odd names are quoted as in SQL.",
    });
  }
  return {
    text,
    type: type.toUpperCase(),
    schema: schema === undefined ? undefined : unquoted(schema),
    name: unquoted(name),
  };
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

export const withoutSchema = z.array(checkedBy(parseWithout, z.string().min(1)));
