import { majorsOf } from '../../manifest/majors.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { archiveBytes } from '../../manifest/sizes.ts';
import type { Check } from '../../manifest/verification.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import { overrideDatabaseSettings, withoutSessionLibraries } from '../../postgres/connect/steady-session.ts';
import type { VerificationServer } from '../../postgres/server/verification-server.ts';
import { formatBytes, formatDuration, plural } from '../../text/units.ts';
import { applyRoles } from './apply-roles.ts';
import { compareRestored } from './compare-restored.ts';
import type { RestoreContext } from './context.ts';
import { checkOf } from './differences.ts';
import { leftOutOf } from './left-out.ts';
import { restoreInto } from './restore-into.ts';
import type { Restored } from './restored.ts';

/** Restores a backup into the private server, and compares what came of it with what was recorded. */
export async function restoreAndCompare(manifest: Manifest, context: RestoreContext): Promise<Check[]> {
  const { verification, serverTools, userChecks, directory, jobs, signal, onProgress } = context;
  const { server } = verification;
  const began = performance.now();
  const roles = await withConnection(server.parameters, { signal }, (client) =>
    applyRoles(client, manifest, context.stored.globals),
  );
  const restored = await restoreInto(manifest, context);
  const seconds = (performance.now() - began) / 1_000;
  const { leftOut, archive, isWhole, isDescribed } = restored;
  const parameters = overrideDatabaseSettings(
    { ...server.parameters, database: manifest.database },
    server.major,
  );
  const compared: Check[] = [];
  if (restored.isComparable) {
    onProgress?.({ step: 'comparing' });
    compared.push(
      ...(await compareRestored(manifest, {
        parameters: restored.withoutSessionLibraries ? withoutSessionLibraries(parameters) : parameters,
        tools: serverTools.client,
        serverMajor: server.major,
        archive,
        counts: context.stored.counts,
        leftOut: leftOutOf(leftOut),
        throughRoot: context.stored.throughRoot,
        isWhole,
        isDescribed,
        userChecks,
        jobs,
        signal,
        scratch: directory,
      })),
    );
  }
  return [
    ...(roles === undefined ? [] : [roles]),
    restoreCheck(manifest, context, restored, seconds),
    ...compared,
  ];
}

/** How it was restored is told whatever came of it. */
function restoreCheck(
  manifest: Manifest,
  { verification, stored }: RestoreContext,
  { faults, limits, jobs, whyOneJob }: Restored,
  seconds: number,
): Check {
  const kept = stored.kept !== undefined && 'path' in stored.kept ? archiveBytes(manifest) : 0;
  const how = [
    versionText(manifest, verification),
    `${formatDuration(seconds)} with ${plural(jobs, 'job')}, ${plural(faults.length, 'error')}`,
    ...(whyOneJob === undefined ? [] : [`in the archive's order, as ${whyOneJob}`]),
    `${formatBytes(verification.peakBytes() + kept)} of room`,
    `${verification.isolation.kind === 'sandboxed' ? 'contained' : 'uncontained'}: ${verification.isolation.detail}`,
  ].join('; ');
  const check = checkOf('restore', { faults, limits, passed: how });
  return check.status === 'passed' ? check : { ...check, detail: `${check.detail} (${how})` };
}

function versionText(manifest: Manifest, { server }: VerificationServer): string {
  const { source } = majorsOf(manifest);
  const why = server.major === source ? '' : `, the nearest on hand to the source's ${source}`;
  return `PostgreSQL ${server.version}${why}`;
}
