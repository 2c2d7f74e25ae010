import type { Client } from 'pg';
import type { Manifest } from '../../manifest/manifest.ts';
import type { Check } from '../../manifest/verification.ts';
import { globalsText } from '../../postgres/archive/globals-sql.ts';
import { applyGlobals } from '../../postgres/pg-restore/apply-globals.ts';
import { plural } from '../../text/units.ts';
import { checkOf } from './differences.ts';

/**
 * Makes the roles and tablespaces of globals.sql in the private server, without passwords and without leave to log
 * in, and compares them with those that were recorded.
 */
export async function applyRoles(
  client: Client,
  { globals: recorded }: Manifest,
  globals: Buffer | undefined,
): Promise<Check> {
  const { bootstrapRole, roles: expectedRoles = [], tablespaces: expectedSpaces = [] } = recorded;
  const { problems } = await applyGlobals(client, globals === undefined ? '' : globalsText(globals), {
    mode: 'private',
    bootstrapRole,
  });
  const faults = problems.filter(({ fault }) => fault === 'backup').map(({ message }) => message);
  const limits = problems.filter(({ fault }) => fault === 'environment').map(({ message }) => message);
  const roles = await namesOf(client, 'select rolname as name from pg_roles');
  const spaces = await namesOf(client, 'select spcname as name from pg_tablespace');
  faults.push(
    ...expectedRoles.filter((name) => !roles.has(name)).map((name) => `role ${name} is missing`),
    // The directories of the source's tablespaces are not on this machine: see applyGlobals.
    ...expectedSpaces.filter((name) => !spaces.has(name)).map((name) => `tablespace ${name} is missing`),
  );
  const tablespaces = expectedSpaces.length === 0 ? '' : `, ${plural(expectedSpaces.length, 'tablespace')}`;
  const passed =
    recorded.roles === undefined
      ? 'made; which there were was not recorded'
      : `${plural(expectedRoles.length, 'role')}${tablespaces}, as recorded`;
  return checkOf('roles', { faults, limits, passed });
}

async function namesOf(client: Client, sql: string): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(sql);
  return new Set(rows.map(({ name }) => name));
}
