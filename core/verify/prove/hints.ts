import type { Client } from 'pg';
import type { Manifest } from '../../manifest/manifest.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import type { RestoreProblem } from '../../postgres/pg-restore/restoration.ts';

/** A CHECK of a table or of a domain, in the server's words. */
const violated = /violates check constraint "(.+?)"/;
/** What is made that is there already: `function "regexp_match" already exists with same argument types`. */
const exists = /^.*?\b(?:\w+ )?"(.+?)" already exists/;

/**
 * Adds what the restored database knows of why something was refused: a check that depends on settings of the session;
 * an object that an extension has made.
 *
 * @param parameters to the restored database
 */
export async function withHints(
  problems: readonly RestoreProblem[],
  { dump }: Pick<Manifest, 'dump'>,
  parameters: ConnectionParameters,
  signal: AbortSignal,
): Promise<readonly RestoreProblem[]> {
  const isAsked = problems.some(
    ({ fault, message }) => fault === 'backup' && (violated.test(message) || exists.test(message)),
  );
  if (!isAsked) return problems;
  try {
    return await withConnection(parameters, { signal }, async (client) => {
      const checks = await unsteadyChecks(client);
      const members = await membersOfExtensions(client);
      return problems.map((problem) => {
        if (problem.fault !== 'backup') return problem;
        const calls = checks.get(violated.exec(problem.message)?.[1] ?? '');
        if (calls !== undefined) return { ...problem, hint: hintOfCheck(calls, dump.settings) };
        const extension = members.get(exists.exec(problem.message)?.[1] ?? '');
        return extension === undefined ? problem : { ...problem, hint: hintOfMember(extension) };
      });
    });
  } catch {
    signal.throwIfAborted();
    // Where the database cannot be asked the server's own words have to do.
    return problems;
  }
}

function hintOfCheck(calls: string, settings: Manifest['dump']['settings'] = {}): string {
  const zone = settings.TimeZone;
  const under = zone === undefined ? '' : ` (restored under TimeZone ${zone}, as the backup's session was)`;
  return `that check calls ${calls}, whose result depends on settings of the session such as TimeZone${under}: rows that were written under other settings may break it`;
}

function hintOfMember(extension: string): string {
  return `it belongs to extension ${extension} here, which CREATE EXTENSION made with it: at the source it had left the extension, or is another of that name`;
}

/** By the constraint's name: the functions in its expression that are not immutable, those of operators and casts too. */
async function unsteadyChecks(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; calls: string }>(
    `select k.conname as name, string_agg(distinct p.oid::regprocedure::text, ', ') as calls
       from pg_constraint k
      cross join lateral regexp_matches(k.conbin::text, ':(?:op)?funcid (\\d+)', 'g') found
       join pg_proc p on p.oid = found[1]::oid
      where k.contype = 'c' and p.provolatile <> 'i'
      group by k.conname`,
  );
  return new Map(rows.map(({ name, calls }) => [name, calls]));
}

/** By their own names, without schema and arguments, as the server's words have them. */
async function membersOfExtensions(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; extension: string }>(
    `select m.name, e.extname as extension
       from pg_depend d join pg_extension e on e.oid = d.refobjid
      cross join lateral (
        select proname from pg_proc where d.classid = 'pg_proc'::regclass and oid = d.objid
        union all select relname from pg_class where d.classid = 'pg_class'::regclass and oid = d.objid
        union all select typname from pg_type where d.classid = 'pg_type'::regclass and oid = d.objid
        union all select nspname from pg_namespace where d.classid = 'pg_namespace'::regclass and oid = d.objid
        union all select collname from pg_collation where d.classid = 'pg_collation'::regclass and oid = d.objid
        union all select lanname from pg_language where d.classid = 'pg_language'::regclass and oid = d.objid
        union all select amname from pg_am where d.classid = 'pg_am'::regclass and oid = d.objid
        union all select fdwname from pg_foreign_data_wrapper
                   where d.classid = 'pg_foreign_data_wrapper'::regclass and oid = d.objid
        union all select evtname from pg_event_trigger where d.classid = 'pg_event_trigger'::regclass and oid = d.objid
        union all select cfgname from pg_ts_config where d.classid = 'pg_ts_config'::regclass and oid = d.objid
        union all select dictname from pg_ts_dict where d.classid = 'pg_ts_dict'::regclass and oid = d.objid
        union all select opcname from pg_opclass where d.classid = 'pg_opclass'::regclass and oid = d.objid
        union all select opfname from pg_opfamily where d.classid = 'pg_opfamily'::regclass and oid = d.objid
      ) m (name)
      where d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass`,
  );
  return new Map(rows.map(({ name, extension }) => [name, extension]));
}
