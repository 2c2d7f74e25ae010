import { majorsOf } from '../../manifest/majors.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { Check } from '../../manifest/verification.ts';
import { hasPasswords } from '../../postgres/archive/globals-sql.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { readServerFacts } from '../../postgres/facts/server-facts.ts';
import { type GlobalState, globalDifferences } from '../../postgres/objects/global-state.ts';
import { applyGlobals } from '../../postgres/pg-restore/apply-globals.ts';
import { globalsAsWritten } from '../../postgres/pg-restore/globals-as-written.ts';
import { type GlobalsSession, withGlobalsSession } from '../../postgres/pg-restore/globals-session.ts';
import { plural } from '../../text/units.ts';
import { checkOf } from './differences.ts';

/**
 * Makes the roles and tablespaces of globals.sql in the private server, without passwords and without leave to log
 * in, and compares them with those that were recorded.
 */
export async function applyRoles(
  server: ConnectionParameters,
  manifest: Manifest,
  globals: Buffer,
  signal: AbortSignal,
): Promise<Check> {
  const { encoding } = manifest.server;
  return await withGlobalsSession(server, globals, { encoding, signal }, (session) =>
    makeAndCompare(session, manifest),
  );
}

async function makeAndCompare(session: GlobalsSession, manifest: Manifest): Promise<Check> {
  const { globals: recorded } = manifest;
  // Manifests of before it was recorded say nothing: then the private server's superuser is the usual one, and stays so.
  const {
    bootstrapRole = 'postgres',
    roles: expectedRoles = [],
    tablespaces: expectedSpaces = [],
  } = recorded;
  const { problems } = await applyGlobals(session, { mode: 'private', bootstrapRole });
  const faults = problems.filter(({ fault }) => fault === 'backup').map(({ message }) => message);
  const limits = problems.filter(({ fault }) => fault === 'environment').map(({ message }) => message);
  const roles = await namesOf(session, 'select rolname as name from pg_roles');
  const spaces = await namesOf(session, 'select spcname as name from pg_tablespace');
  faults.push(
    ...expectedRoles.filter((name) => !roles.has(name)).map((name) => `role ${name} is missing`),
    // The directories of the source's tablespaces are not on this machine: see applyGlobals.
    ...expectedSpaces.filter((name) => !spaces.has(name)).map((name) => `tablespace ${name} is missing`),
  );
  const different = await stateDifferences(session, manifest);
  faults.push(...(different?.faults ?? []));
  if (recorded.rolePasswordsLeftOut === 'asked' && hasPasswords(session.sql))
    faults.push('globals.sql holds hashes of passwords, which were to be left out');
  const tablespaces = expectedSpaces.length === 0 ? '' : `, ${plural(expectedSpaces.length, 'tablespace')}`;
  const passed =
    recorded.roles === undefined
      ? 'made; which there were was not recorded'
      : `${plural(expectedRoles.length, 'role')}${tablespaces}, as recorded${different === undefined ? '' : `, with attributes, memberships, settings and grants${different.note}`}`;
  return checkOf('roles', { faults, limits, passed });
}

/** Undefined where it cannot be compared: it was not recorded, or versions have other attributes. */
async function stateDifferences(
  session: GlobalsSession,
  manifest: Manifest,
): Promise<{ readonly faults: readonly string[]; readonly note: string } | undefined> {
  const { state } = manifest.globals;
  const server = await readServerFacts(session.client);
  if (state === undefined || server.major !== majorsOf(manifest).source) return undefined;
  const { state: found, refused, refusedSettings } = await globalsAsWritten(session);
  const compared = <State extends GlobalState>(all: readonly State[]): GlobalState[] =>
    all.map((one) => ({ ...one, facts: one.facts?.filter((fact) => !refused(one, fact)) ?? null }));
  const note =
    refusedSettings.length === 0
      ? ''
      : `; the settings of ${refusedSettings.join(', ')} were not compared: this server does not take them`;
  return { faults: globalDifferences(compared(state), compared(found)), note };
}

async function namesOf({ client, readable }: GlobalsSession, sql: string): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(sql);
  return new Set(rows.map(({ name }) => readable(name)));
}
