import { majorsOf } from '../../manifest/majors.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { archiveBytes } from '../../manifest/sizes.ts';
import { secondsBetween } from '../../manifest/timings.ts';
import type { Check, Timings } from '../../manifest/verification.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { overrideDatabaseSettings, withoutSessionLibraries } from '../../postgres/connect/steady-session.ts';
import type { Isolation } from '../../postgres/server/isolation.ts';
import type { VerificationServer } from '../../postgres/server/verification-server.ts';
import { formatBytes, formatDuration, plural } from '../../text/units.ts';
import { rowsLost } from './accepted.ts';
import { applyRoles } from './apply-roles.ts';
import { compareRestored } from './compare-restored.ts';
import type { RestoreContext } from './context.ts';
import { checkOf } from './differences.ts';
import { leftOutOf } from './left-out.ts';
import { restoreInto } from './restore-into.ts';
import type { Restored } from './restored.ts';

export type RestoredAndCompared = {
  readonly checks: readonly Check[];
  /** What the restore took; undefined where it did not come to its end. */
  readonly timings?: RestoreTimings | undefined;
};

type RestoreTimings = Omit<Timings, 'fetchSeconds' | 'fetchedBytes'>;

/** Restores a backup into the private server, and compares what came of it with what was recorded. */
export async function restoreAndCompare(
  manifest: Manifest,
  context: RestoreContext,
): Promise<RestoredAndCompared> {
  const { verification, serverTools, userChecks, directory, jobs, signal, onProgress } = context;
  const { server } = verification;
  const began = performance.now();
  const globals = context.stored.globals ?? Buffer.of();
  const roles = await applyRoles(server.parameters, manifest, globals, signal);
  const restored = await restoreInto(manifest, context);
  const seconds = secondsBetween(began + restored.lost, performance.now());
  const { leftOut, archive, isWhole, isDescribed } = restored;
  const parameters = overrideDatabaseSettings(
    { ...server.parameters, database: manifest.database },
    server.major,
  );
  const lacking = leftOutOf(leftOut);
  const lostRows = rowsLost(manifest.tables, restored);
  const compared: Check[] = [];
  let timings: RestoreTimings | undefined;
  if (restored.isComparable) {
    onProgress?.({ step: 'comparing' });
    const steady = restored.withoutSessionLibraries ? withoutSessionLibraries(parameters) : parameters;
    const restoredBytes = await sizeOf(steady, signal);
    timings = timingsOf(restored, { seconds, restoredBytes, verification });
    compared.push(
      ...(await compareRestored(manifest, {
        parameters: steady,
        tools: serverTools.client,
        serverMajor: server.major,
        archive,
        counts: context.stored.counts,
        leftOut: lacking,
        isAccepted: restored.without.length > 0 && restored.limits.length === 0 && lostRows === undefined,
        throughRoot: context.stored.throughRoot,
        isWhole,
        isDescribed,
        userChecks,
        runProgram: server.runProgram,
        jobs,
        signal,
        scratch: directory,
      })),
    );
  }
  const restore = restoreCheck(manifest, context, withLimit(restored, lostRows), seconds);
  return { checks: [roles, restore, ...compared], timings };
}

/** Before anything is compared, which may write. Whoever cannot ask for it is told so by the comparison. */
async function sizeOf(parameters: ConnectionParameters, signal: AbortSignal): Promise<number | undefined> {
  try {
    return await withConnection(parameters, { signal }, async (client) => {
      const { rows } = await client.query<{ bytes: string }>(
        'select pg_catalog.pg_database_size(oid)::text as bytes from pg_catalog.pg_database where datname = pg_catalog.current_database()',
      );
      return rows[0] && Number(rows[0].bytes);
    });
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function timingsOf(
  { phases, jobs }: Restored,
  found: {
    readonly seconds: number;
    readonly restoredBytes: number | undefined;
    readonly verification: VerificationServer;
  },
): RestoreTimings {
  const { seconds, restoredBytes, verification } = found;
  return {
    restoreSeconds: seconds,
    ...(phases === undefined
      ? {}
      : {
          rowsSeconds: secondsBetween(0, phases.rows),
          indexSeconds: secondsBetween(0, phases.after),
        }),
    ...(restoredBytes === undefined ? {} : { restoredBytes }),
    jobs,
    serverVersion: verification.server.version,
    processors: verification.cpus,
  };
}

/** What was accepted does not count where it costs rows. */
function withLimit(restored: Restored, limit: string | undefined): Restored {
  return limit === undefined ? restored : { ...restored, limits: [...restored.limits, limit] };
}

const held: Readonly<Record<Isolation['kind'], string>> = {
  sandboxed: 'contained',
  'own-machine': 'on a machine of its own',
  unsandboxed: 'uncontained',
};

/** How it was restored is told whatever came of it. */
function restoreCheck(
  manifest: Manifest,
  { verification, stored }: RestoreContext,
  { faults, limits, without, acceptable, notes, jobs, whyOneJob }: Restored,
  seconds: number,
): Check {
  const kept = stored.kept !== undefined && 'path' in stored.kept ? archiveBytes(manifest) : 0;
  const how = [
    ...(without.length === 0 ? [] : [`without ${without.join(', ')}, as accepted`]),
    ...notes,
    versionText(manifest, verification),
    `${formatDuration(seconds)} with ${plural(jobs, 'job')}, ${plural(faults.length, 'error')}`,
    ...(whyOneJob === undefined ? [] : [`in the archive's order, as ${whyOneJob}`]),
    `${formatBytes(verification.peakBytes() + kept)} of room`,
    `${held[verification.isolation.kind]}: ${verification.isolation.detail}`,
  ].join('; ');
  const check = checkOf('restore', { faults, limits, passed: how });
  if (check.status === 'passed') return without.length === 0 ? check : { ...check, without: [...without] };
  return {
    ...check,
    detail: `${check.detail} (${how})`,
    ...(check.status === 'unverifiable' && acceptable !== undefined ? { acceptable: [...acceptable] } : {}),
  };
}

function versionText(manifest: Manifest, { server }: VerificationServer): string {
  const { source } = majorsOf(manifest);
  const why = server.major === source ? '' : `, the nearest on hand to the source's ${source}`;
  return `PostgreSQL ${server.version}${why}`;
}
