/**
 * The type that an entry of `pg_restore --list` begins with: `TABLE DATA` of `TABLE DATA public users postgres`.
 *
 * @param listed what follows the three numbers
 */
export function entryType(listed: string): string {
  return longTypes.find((type) => listed.startsWith(`${type} `)) ?? listed.slice(0, listed.indexOf(' '));
}

/** Words of pg_dump that have several parts; of all others the first word is the type (pg_dump.c, ARCHIVE_OPTS). */
const longTypes = [
  'ACCESS METHOD',
  'BLOB COMMENTS',
  'BLOB METADATA',
  'CHECK CONSTRAINT',
  'DATABASE PROPERTIES',
  'DEFAULT ACL',
  'EVENT TRIGGER',
  'FK CONSTRAINT',
  'FOREIGN DATA WRAPPER',
  'FOREIGN SERVER',
  'FOREIGN TABLE',
  'INDEX ATTACH',
  'LARGE OBJECT',
  'MATERIALIZED VIEW DATA',
  'MATERIALIZED VIEW',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'PROCEDURAL LANGUAGE',
  'PUBLICATION TABLES IN SCHEMA',
  'PUBLICATION TABLE',
  'ROW SECURITY',
  'SECURITY LABEL',
  'SEQUENCE OWNED BY',
  'SEQUENCE SET',
  'SHELL TYPE',
  'STATISTICS DATA',
  'SUBSCRIPTION TABLE',
  'TABLE ATTACH',
  'TABLE DATA',
  'TEXT SEARCH CONFIGURATION',
  'TEXT SEARCH DICTIONARY',
  'TEXT SEARCH PARSER',
  'TEXT SEARCH TEMPLATE',
  'USER MAPPING',
  'LANGUAGE',
];
