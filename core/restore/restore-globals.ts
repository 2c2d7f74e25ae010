import { PgproofError, UsageError } from '../errors.ts';
import { fetchGlobals } from '../inventory/fetch-archive.ts';
import { describeServer } from '../postgres/connect/parameters.ts';
import { readServerFacts } from '../postgres/facts/server-facts.ts';
import { type AppliedGlobals, applyGlobals } from '../postgres/pg-restore/apply-globals.ts';
import { withGlobalsSession } from '../postgres/pg-restore/globals-session.ts';
import { standbyFindings, withServer } from './check-target.ts';
import { rightFindings } from './find-rights.ts';
import { type Finding, refuseBy } from './finding.ts';
import { globalsNotes } from './globals-notes.ts';
import { findPowers, readGlobals } from './rehearse.ts';
import type { RestoreDependencies, RestoreRequest } from './request.ts';
import { readTargetFacts } from './target-facts.ts';

/** What became of the roles and tablespaces of a backup that was restored without its database. */
export type GlobalsReport = Omit<AppliedGlobals, 'problemCount'> & {
  readonly id: string;
  /** `db.example.com:5432`, or the path of a socket. */
  readonly server: string;
  readonly notes: readonly string[];
};

/** Some of the roles or tablespaces could not be made; all others are there. */
export class GlobalsFailed extends PgproofError {
  override readonly name = 'GlobalsFailed';
  readonly report: GlobalsReport;

  constructor(report: GlobalsReport) {
    super({
      what: `Not all roles and tablespaces of ${report.id} could be made on ${report.server}`,
      got: report.problems
        .slice(0, 10)
        .map(({ message, statement }) => (statement === undefined ? message : `${statement}: ${message}`))
        .join('\n'),
      fix: 'All others are there. Look at --globals print, and make by hand what you need of the rest.',
    });
    this.report = report;
  }
}

type GlobalsRequest = Pick<RestoreRequest, 'id' | 'allowSuperusers'>;

/** Any database will do, and none is made. */
function asRestore({ id, allowSuperusers }: GlobalsRequest): RestoreRequest {
  return {
    id,
    allowSuperusers,
    database: '',
    create: true,
    intoNonEmpty: false,
    applyGlobals: true,
    selection: { tables: [], schemas: [], part: 'data', owners: false, privileges: false },
  };
}

/** What stands in the way of making the roles and tablespaces of a backup. Changes nothing. */
export async function findForGlobals(
  request: GlobalsRequest,
  dependencies: Pick<RestoreDependencies, 'manifest' | 'target' | 'signal' | 'store'>,
): Promise<{
  readonly findings: readonly Finding[];
  readonly serverVersion: string;
  readonly missing: readonly string[];
}> {
  const { manifest, target, signal, store } = dependencies;
  const all = asRestore(request);
  const globals = await readGlobals(manifest, { id: request.id, store, signal });
  if (globals.bytes === undefined)
    throw new UsageError({
      what: 'This backup holds no roles',
      got: manifest.id,
      fix: 'Leave --globals-only out.',
    });
  return await withServer(target, all, signal, async (client) => {
    const server = await readServerFacts(client);
    const facts = await readTargetFacts(client, server, manifest.server.encoding);
    const missing = globals.made.roles.filter((name) => !facts.roles.has(name));
    return {
      serverVersion: server.version,
      missing,
      findings: [
        ...standbyFindings(server),
        ...(await findPowers(client, request, globals.sql)),
        // A database is not made.
        ...rightFindings({ ...all, create: false }, manifest, facts, missing.length > 0),
      ],
    };
  });
}

/**
 * Makes the roles and tablespaces of a backup that a server lacks, and nothing else: for a restore by hand, or by somebody
 * else, later.
 *
 * @throws TargetRefused with nothing changed; GlobalsFailed
 */
export async function restoreGlobals(
  request: GlobalsRequest,
  dependencies: Pick<RestoreDependencies, 'manifest' | 'target' | 'signal' | 'store'>,
): Promise<GlobalsReport> {
  const { manifest, target, signal, store } = dependencies;
  refuseBy((await findForGlobals(request, dependencies)).findings);
  const globals = (await fetchGlobals(manifest, { id: request.id, store, signal })) ?? Buffer.alloc(0);
  const { encoding } = manifest.server;
  const applied = await withServer(target, asRestore(request), signal, (_client, place) =>
    withGlobalsSession(place, globals, { encoding, signal }, (session) =>
      applyGlobals(session, { mode: 'target' }),
    ),
  );
  const { problemCount: _, ...made } = applied;
  const report = {
    id: manifest.id,
    server: describeServer(target),
    ...made,
    notes: globalsNotes(applied, manifest),
  };
  if (report.problems.length > 0) throw new GlobalsFailed(report);
  return report;
}
