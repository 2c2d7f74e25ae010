import { availableParallelism } from 'node:os';
import type { Client } from 'pg';
import { messageOf } from '../errors.ts';
import { type FetchContext, fetchGlobals } from '../inventory/fetch-archive.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { parseGlobals } from '../postgres/archive/globals-sql.ts';
import { ConnectionFailed } from '../postgres/connect/connection-failed.ts';
import { readServerFacts, type ServerFacts } from '../postgres/facts/server-facts.ts';
import type { FoundTools } from '../postgres/programs/tools.ts';
import { checkTarget, type TargetState, withServer } from './check-target.ts';
import { extensionFindings, roleFindings, tablespaceFindings } from './find-lacks.ts';
import { connectionFindings, rightFindings } from './find-rights.ts';
import { type Finding, findingOf, refused } from './finding.ts';
import { type Needed, neededBy } from './needed.ts';
import { findUnmakeable, refusePowers } from './refuse-powers.ts';
import { isPartial, type RestoreDependencies, type RestoreRequest } from './request.ts';
import { type Room, readRoom, roomFindings } from './room-findings.ts';
import { readTargetFacts, type TargetFacts } from './target-facts.ts';

/** What was found out of a server and a backup before anything is made. */
export type Rehearsed = Omit<TargetState, 'findings'> & {
  readonly findings: readonly Finding[];
  readonly server: ServerFacts;
  readonly facts: TargetFacts;
  readonly room: Room;
  /** What globals.sql would make, where it is to be applied. */
  readonly made: GlobalsMade;
  /** Undefined where there is none that fits. */
  readonly program: FoundTools | undefined;
  /** Processes of pg_restore, at the most, and why it is one although more were allowed. */
  readonly jobs: number;
  readonly whyOneJob: string | undefined;
};

export type GlobalsMade = { readonly roles: readonly string[]; readonly tablespaces: readonly string[] };

/**
 * Everything that is known to stand in the way of a restore, in one go. `--dry-run` prints it, and a restore refuses by it.
 * Makes nothing, neither on the server nor here; of the archive it reads nothing.
 *
 * @param whyFile why the archive has to lie in a file while it is restored
 * @throws ConnectionFailed where nobody answers
 */
export async function rehearse(
  request: RestoreRequest,
  dependencies: RestoreDependencies,
  { fetching, whyFile }: { readonly fetching: FetchContext; readonly whyFile: string | undefined },
): Promise<Rehearsed> {
  const { manifest, target, signal } = dependencies;
  const globals = request.applyGlobals ? await readGlobals(manifest, fetching) : undefined;
  const look = async (client: Client): Promise<LookedAt> => {
    const server = await readServerFacts(client);
    const facts = await readTargetFacts(client, server, manifest.server.encoding);
    const state = await checkTarget(client, asked, manifest, server);
    const powers = globals === undefined ? [] : await findPowers(client, request, globals.sql);
    return { server, facts, state, powers, room: await readRoom(dependencies, client) };
  };
  // Where there is no such database, all else is looked at as if it were to be made: that is the way out.
  let asked = request;
  const seen = await withServer(target, request, signal, look).catch((error: unknown) => {
    if (request.create || !isNoDatabase(error)) throw error;
    asked = { ...request, create: true };
    return withServer(target, asked, signal, async (client) => {
      const { state, ...others } = await look(client);
      const findings = state.findings.filter(({ subject }) => subject !== 'database');
      return { ...others, state: { isEmpty: true, findings: [noDatabase(request, error), ...findings] } };
    });
  });
  const { server, facts, state, powers, room } = seen;
  const made = globals?.made ?? { roles: [], tablespaces: [] };
  const order = jobsOf(request, manifest);
  const programs = await findPrograms(dependencies, server);
  const findings = [
    versionFinding(server, manifest),
    ...programs.findings,
    ...state.findings,
    ...powers,
    ...needFindings(asked, manifest, { facts, made }),
    ...rightFindings(
      asked,
      manifest,
      facts,
      made.roles.some((name) => !facts.roles.has(name)),
    ),
    ...connectionFindings(asked, facts, order.jobs),
    ...roomFindings(room, whyFile),
  ];
  return { ...state, findings, server, facts, made, room, program: programs.program, ...order };
}

type LookedAt = {
  readonly server: ServerFacts;
  readonly facts: TargetFacts;
  readonly state: TargetState;
  readonly powers: readonly Finding[];
  readonly room: Room;
};

/** Of a whole backup what it names is in its manifest; of a part, and of older ones, the archive has to be asked. */
function needFindings(
  request: RestoreRequest,
  manifest: Manifest,
  { facts, made }: { readonly facts: TargetFacts; readonly made: GlobalsMade },
): Finding[] {
  if (request.selection.part === 'data') return [];
  if (isPartial(request.selection))
    return [
      {
        subject: 'roles',
        status: 'unknown',
        detail: 'of a part of a backup they are looked up in its archive',
      },
    ];
  const { needs } = manifest;
  const whole = manifest.partial === true ? [] : extensionFindings(request, manifest.extensions, facts);
  if (needs === undefined)
    return [
      {
        subject: 'roles',
        status: 'unknown',
        detail: 'this backup does not record which it needs: they are looked up in its archive',
      },
      ...whole,
    ];
  return [...namedFindings(request, neededBy(request, manifest, needs), facts, made), ...whole];
}

/** What lacks of roles and tablespaces that are named. */
export function namedFindings(
  request: RestoreRequest,
  needed: Needed,
  facts: TargetFacts,
  made: GlobalsMade,
): Finding[] {
  return [
    ...roleFindings(request, needed, facts, made.roles),
    ...tablespaceFindings(request, needed, facts, made.tablespaces),
  ];
}

/** Whether globals.sql would make roles more powerful than those that are there. */
export async function findPowers(
  client: Client,
  { allowSuperusers, keepGoing = false }: Pick<RestoreRequest, 'allowSuperusers' | 'keepGoing'>,
  sql: string,
): Promise<Finding[]> {
  return allowSuperusers
    ? await findUnmakeable(client, sql, keepGoing)
    : await findingOf('powers', () => refusePowers(client, sql));
}

/** globals.sql to be judged; `bytes` undefined where the backup has none. */
export async function readGlobals(
  manifest: Manifest,
  fetching: FetchContext,
): Promise<{ readonly bytes: Buffer | undefined; readonly sql: string; readonly made: GlobalsMade }> {
  const { server, globals } = manifest;
  const bytes = await fetchGlobals(manifest, fetching);
  // Where names are in another encoding than ours, those that are not plain look like no role that is
  // there: the judgement is then on the side of caution.
  const sql = bytes?.toString(server.encoding === 'UTF8' ? 'utf8' : 'latin1') ?? '';
  const statements = parseGlobals(sql);
  const namesOf = (wanted: string): string[] =>
    statements.flatMap(({ kind, name }) => (kind === wanted && name !== undefined ? [name] : []));
  return {
    bytes,
    sql,
    made: {
      roles: globals.roles ?? namesOf('create role'),
      tablespaces: globals.tablespaces ?? namesOf('create tablespace'),
    },
  };
}

/** The same as pg_restore will find, as far as the source could tell. */
function jobsOf({ jobs }: RestoreRequest, { dump }: Manifest): Pick<Rehearsed, 'jobs' | 'whyOneJob'> {
  const most = jobs ?? availableParallelism();
  if (dump.format === 'plain' || dump.format === 'tar')
    return { jobs: 1, whyOneJob: `the format ${dump.format} is read from one end to the other` };
  const { rows = null, after = null } = dump.oneJob ?? {};
  const isOne = rows !== null && after !== null;
  return { jobs: isOne ? 1 : most, whyOneJob: rows ?? after ?? undefined };
}

async function findPrograms(
  { tools, manifest, fetchesTools }: RestoreDependencies,
  server: ServerFacts,
): Promise<{ readonly program: FoundTools | undefined; readonly findings: readonly Finding[] }> {
  let program: FoundTools | undefined;
  const findings = await findingOf('programs', async () => {
    // pg_restore reads what its own and older versions of pg_dump wrote.
    program = await tools(Math.max(server.major, Number.parseInt(manifest.dump.pgDump, 10)));
  });
  const isFetched = fetchesTools === true;
  return {
    program,
    findings:
      program === undefined
        ? findings.map(({ detail, ...finding }) =>
            isFetched
              ? { subject: 'programs', status: 'unknown', detail: `${detail}; they would be fetched` }
              : { ...finding, detail },
          )
        : [
            {
              subject: 'programs',
              status: 'ok',
              detail: `pg_restore ${program.version} in ${program.directory}`,
            },
          ],
  };
}

function versionFinding({ major, version }: ServerFacts, { server }: Manifest): Finding {
  const isOlder = major < Math.floor(server.versionNum / 10_000);
  return {
    subject: 'version',
    status: isOlder ? 'warning' : 'ok',
    detail: isOlder
      ? `PostgreSQL ${version} is older than the source was (${server.version}): what it does not know is refused`
      : `PostgreSQL ${version}, the source was ${server.version}`,
  };
}

/** invalid_catalog_name: there is no such database. */
function isNoDatabase(error: unknown): error is ConnectionFailed {
  return error instanceof ConnectionFailed && error.code === '3D000';
}

function noDatabase({ database }: RestoreRequest, error: ConnectionFailed): Finding {
  const problem = refused('database', {
    what: `The database ${JSON.stringify(database)} does not exist`,
    got: messageOf(error),
    fix: 'Add --create, or name one that is there.',
  });
  return { ...problem, error };
}
