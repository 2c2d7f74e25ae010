import { type Client, DatabaseError } from 'pg';
import type { Problem } from '../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { withConnection } from '../postgres/connect/connect.ts';
import { ConnectionFailed } from '../postgres/connect/connection-failed.ts';
import { type ConnectionParameters, describeServer } from '../postgres/connect/parameters.ts';
import { queryFailed } from '../postgres/connect/query-failed.ts';
import { lackingMoneyLocale, settingsTakenHere } from '../postgres/facts/dump-settings.ts';
import type { ServerFacts } from '../postgres/facts/server-facts.ts';
import { incompleteSince, sessionsIn } from '../postgres/pg-restore/incomplete-mark.ts';
import { lackingLocale } from '../postgres/pg-restore/locale-at-hand.ts';
import { localeProblem } from '../postgres/pg-restore/new-database.ts';
import { besideFindings } from './beside/check-beside.ts';
import { type Finding, refused, TargetRefused } from './finding.ts';
import { recordedInTheWay } from './in-the-way.ts';
import { isPartial, type RestoreRequest } from './request.ts';

/** Databases that a new server has: one can be connected to while another is made. */
const maintenanceDatabases = ['postgres', 'template1'];

/** Connects to a server for what concerns all of it, such as making a database. */
export async function withServer<T>(
  target: ConnectionParameters,
  request: RestoreRequest,
  signal: AbortSignal,
  use: (client: Client, place: ConnectionParameters) => Promise<T>,
): Promise<T> {
  const { create, database } = request;
  // The one that was named, last: some services have neither of the others.
  const all = [...maintenanceDatabases, target.database].filter((name) => name !== database);
  const candidates = create ? new Set(all) : [database];
  let first: unknown;
  for (const name of candidates) {
    try {
      const place = { ...target, database: name };
      return await withConnection(place, { signal }, (client) => use(client, place));
    } catch (error: unknown) {
      // What a manifest says of encoding and locale may be nothing that a server knows.
      if (error instanceof DatabaseError)
        throw queryFailed(`${describeServer(target)} refused a statement`, error);
      if (!(error instanceof ConnectionFailed)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** What the place for a restore is like. */
export type TargetState = {
  readonly findings: readonly Finding[];
  /** Whether there is nothing in it, or will be. */
  readonly isEmpty: boolean;
  /** Since when the database that is there is incomplete, and is to be made anew. */
  readonly replaces?: string | undefined;
};

/** Whether a restore may write there. Changes nothing. */
export async function checkTarget(
  client: Client,
  request: RestoreRequest,
  manifest: Manifest,
  server: ServerFacts,
): Promise<TargetState> {
  const money = await moneyFinding(client, manifest);
  const { findings, ...state } = request.create
    ? await newPlace(client, request, manifest)
    : await oldPlace(client, request, manifest);
  return { ...state, findings: [...standbyFindings(server), ...findings, ...money] };
}

export function standbyFindings({ inRecovery }: Pick<ServerFacts, 'inRecovery'>): Finding[] {
  if (!inRecovery) return [{ subject: 'server', status: 'ok', detail: 'takes changes' }];
  return [
    refused('server', {
      what: 'The server is a standby, which takes no changes',
      fix: 'Name its primary in --to.',
    }),
  ];
}

async function oldPlace(client: Client, request: RestoreRequest, manifest: Manifest): Promise<TargetState> {
  const {
    database,
    intoNonEmpty,
    intoSchema,
    renameExisting = false,
    keepGoing = false,
    selection,
  } = request;
  const contents = await contentsOfTarget(client);
  // A new schema is filled from a database of ours.
  const isEmpty = contents.length === 0 || intoSchema !== undefined;
  if (!isEmpty && !intoNonEmpty && !renameExisting)
    return { isEmpty, findings: [nonEmpty(database, contents, await incompleteSince(client, database))] };
  const detail = `${JSON.stringify(database)} is there${isEmpty ? ', and empty' : ''}`;
  const isWhole = !isPartial(selection) && selection.part !== 'data';
  const inTheWay = isEmpty || !isWhole || keepGoing ? [] : await recordedInTheWay(client, manifest);
  const beside = await besideFindings(client, request);
  const found: Finding[] = beside.length > 0 ? beside : [{ subject: 'database', status: 'ok', detail }];
  return { isEmpty, findings: [...found, ...inTheWay] };
}

async function newPlace(
  client: Client,
  { database, replaceIncomplete }: RestoreRequest,
  { server: { encoding, locale } }: Manifest,
): Promise<TargetState> {
  const findings: Finding[] = [];
  const quoted = JSON.stringify(database);
  const isThere = await databaseExists(client, database);
  const since = isThere ? await incompleteSince(client, database) : undefined;
  if (isThere && !replaceIncomplete)
    findings.push(
      refused('database', {
        what: `The database ${quoted} is there already`,
        got:
          since === undefined
            ? undefined
            : `it is what a restore left that was begun at ${since} and did not end`,
        expected: 'a name that is free, for --create',
        fix: `${since === undefined ? '' : 'Make it anew with --replace-incomplete (in an event: "replaceIncomplete": true). '}Name another one in --to, or leave --create out if it is empty.`,
      }),
    );
  else if (isThere && since === undefined)
    findings.push(
      refused('database', {
        what: `The database ${quoted} is not one that a failed restore left`,
        got: 'it does not carry the mark of one',
        expected: 'a database that a restore made and did not end, for --replace-incomplete',
        fix: 'Look at what is in it. Name another one in --to; or drop it yourself, if you are sure.',
      }),
    );
  else if (isThere) findings.push(await unusedFinding(client, database, since ?? ''));
  else findings.push({ subject: 'database', status: 'ok', detail: `${quoted} is not there yet` });
  const lacks = await lackingLocale(client, { encoding, locale });
  findings.push(
    lacks === undefined
      ? {
          subject: 'locale',
          status: 'ok',
          detail: `${encoding}${locale === undefined ? '' : `, ${locale.locale ?? locale.collate}`}`,
        }
      : refused('locale', otherLocale(`it lacks ${lacks}`, lacks)),
  );
  return { findings, isEmpty: true, replaces: since };
}

async function unusedFinding(client: Client, database: string, since: string): Promise<Finding> {
  const sessions = await sessionsIn(client, database);
  const detail = `${JSON.stringify(database)} is incomplete since ${since}, and will be made anew`;
  if (sessions.length === 0) return { subject: 'database', status: 'ok', detail };
  const more = sessions.length > 5 ? ` and ${sessions.length - 5} more` : '';
  return refused('database', {
    what: `Somebody is connected to the incomplete database ${JSON.stringify(database)}`,
    got: `${sessions.slice(0, 5).join(', ')}${more}`,
    expected: 'nobody, while it is dropped and made anew',
    fix: 'End those sessions, and try again.',
  });
}

/**
 * Refuses a server that cannot make such a database, as the server itself says when it is asked for one.
 * @throws TargetRefused
 */
export async function refuseOtherLocale(client: Client, { server }: Manifest): Promise<void> {
  const { encoding, locale } = server;
  const problem = await localeProblem(client, { encoding, locale });
  if (problem !== undefined) throw new TargetRefused(otherLocale(problem.message, problem.missing));
}

function otherLocale(got: string, expected: string | undefined): Problem {
  return {
    what: 'This server cannot make a database like the one that was backed up',
    got,
    expected,
    fix: 'Install the locale there; or make the database yourself with another one, and restore into it without --create. What sorts by the locale, such as partitions by text, may then be refused.',
  };
}

/** Under another locale the amounts of money would come out as others. */
async function moneyFinding(client: Client, { dump }: Manifest): Promise<Finding[]> {
  const locale = lackingMoneyLocale(dump, await settingsTakenHere(client, dump.settings ?? {}));
  if (locale === undefined) return [];
  return [
    refused('money', {
      what: 'The backup holds amounts of money in a locale that this server does not have',
      got: 'under another one they would be refused, or become other amounts',
      expected: `lc_monetary = ${JSON.stringify(locale)}`,
      fix: 'Install that locale on the server, and start it again.',
    }),
  ];
}

async function databaseExists(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query('select 1 from pg_catalog.pg_database where datname = $1', [name]);
  return rows.length > 0;
}

/**
 * What the database that `client` is connected to holds already: tables, views, types, functions and schemas that are
 * neither the system's nor an extension's. Empty for a database that was just made.
 */
async function contentsOfTarget(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ what: string }>(`
    with theirs as (select classid, objid from pg_depend where deptype = 'e'),
         spaces as (select oid, nspname from pg_namespace
                     where nspname !~ '^pg_' and nspname <> 'information_schema')
    select * from (
      select 'schema ' || nspname as what from spaces
       where nspname <> 'public' and ('pg_namespace'::regclass, oid) not in (select classid, objid from theirs)
      union all
      select case relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence '
                          when 'f' then 'foreign table ' when 'i' then 'index ' when 'I' then 'index ' else 'table ' end
             || nspname || '.' || relname
        from pg_class c join spaces on spaces.oid = relnamespace
       where relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ('pg_class'::regclass, c.oid) not in (select classid, objid from theirs)
      union all
      select 'function ' || nspname || '.' || proname
        from pg_proc p join spaces on spaces.oid = pronamespace
       where ('pg_proc'::regclass, p.oid) not in (select classid, objid from theirs)
      union all
      select 'type ' || nspname || '.' || typname
        from pg_type t join spaces on spaces.oid = typnamespace
       where typtype in ('d', 'e', 'r') and ('pg_type'::regclass, t.oid) not in (select classid, objid from theirs)
      union all
      select 'large object ' || oid from pg_largeobject_metadata
    ) as found limit 4`);
  return rows.map(({ what }) => what);
}

function nonEmpty(database: string, found: readonly string[], since: string | undefined): Finding {
  const more = found.length > 3 ? ' and more' : '';
  const left =
    since === undefined
      ? ''
      : ` It is what a restore left that was begun at ${since} and did not end: --create --replace-incomplete makes it anew.`;
  return refused('database', {
    what: `The database ${JSON.stringify(database)} is not empty`,
    got: `${found.slice(0, 3).join(', ')}${more}`,
    expected: 'a database without tables, types or functions of its own',
    fix: `Restore into a new one: add --create and name it in --to. If you mean this one, add --into-non-empty.${left}`,
  });
}
