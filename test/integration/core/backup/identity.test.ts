import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../core/manifest/manifest.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { runBackup, withFileStore } from '../../../support/backup/run.ts';
import { runSql, testMajors, withClient, withDatabase } from '../../../support/postgres/servers.ts';
import { withStandby } from '../../../support/postgres/standby.ts';

async function manifestOf(parameters: ConnectionParameters): Promise<Manifest> {
  return withFileStore(async (store) => {
    const [result] = (await runBackup(parameters, store).outcome).databases;
    if (result?.status !== 'done') throw new Error(JSON.stringify(result));
    return result.manifest;
  });
}

async function identifierOf(parameters: ConnectionParameters, sql: string): Promise<unknown> {
  return withClient(parameters, async (client) => (await client.query(sql)).rows[0]?.identifier);
}

const asked = 'select system_identifier::text as identifier from pg_control_system()';

describe.each(testMajors())('the manifest of PostgreSQL %i', (major) => {
  it('names the cluster, and where the connection went', () =>
    withDatabase(major, {}, async ({ parameters, tcpParameters }) => {
      const systemIdentifier = await identifierOf(parameters, asked);
      expect(systemIdentifier).toMatch(/^\d{15,20}$/);
      const bySocket = await manifestOf(parameters);
      expect(bySocket.server).toMatchObject({
        systemIdentifier,
        host: parameters.host,
        port: parameters.port,
      });
      expect(dirname(bySocket.server.host ?? '')).toMatch(/^\//);
      const byTcp = await manifestOf(tcpParameters);
      expect(byTcp.server).toMatchObject({
        systemIdentifier,
        host: tcpParameters.host,
        port: tcpParameters.port,
      });
    }));

  it('names no cluster where the role may not ask for it, and says nothing bad', () =>
    withDatabase(major, {}, async ({ parameters, name }) => {
      const role = `${name}_limited`;
      // Privileges on a function are a database's own: no other test of this server sees it.
      await runSql(
        parameters,
        `create role "${role}" login; grant pg_read_all_data to "${role}";
         revoke execute on function pg_control_system() from public`,
      );
      try {
        const { server, warnings } = await manifestOf({ ...parameters, user: role });
        expect(server).not.toHaveProperty('systemIdentifier');
        expect(server).toMatchObject({ host: parameters.host, port: parameters.port });
        expect(warnings?.filter(({ message }) => /identifier|control/.test(message))).toEqual([]);
      } finally {
        await runSql(parameters, `drop owned by "${role}"; drop role "${role}"`);
      }
    }));
});

it('a standby has the identifier of its primary', () =>
  withStandby(Math.max(...testMajors()), `create table was as ${asked}`, async (parameters) => {
    const { server } = await manifestOf(parameters);
    expect(server).toMatchObject({
      inRecovery: true,
      systemIdentifier: await identifierOf(parameters, 'select identifier from was'),
    });
  }));
