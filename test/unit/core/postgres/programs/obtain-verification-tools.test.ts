import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { obtainVerificationTools } from '../../../../../core/postgres/programs/obtain.ts';
import { NoServerTools } from '../../../../../core/postgres/programs/tools.ts';
import {
  withDirectory,
  writeClientPrograms,
  writePrograms,
} from '../../../../support/process/fake-programs.ts';

type Options = Parameters<typeof obtainVerificationTools>[0];

/** Sees nothing of this machine, and can fetch nothing. */
function options(root: string, major: number, path: readonly string[] = []): Options {
  const places = {
    layer: join(root, 'opt'),
    systemRoot: join(root, 'system'),
  };
  return { major, ...places, env: { PATH: path.join(':') } };
}

async function writeServer(directory: string, version: string): Promise<string> {
  const say = `echo 'postgres (PostgreSQL) ${version}'`;
  return writePrograms(directory, { postgres: say, initdb: say });
}

async function writeBoth(directory: string, version: string): Promise<string> {
  await writeServer(directory, version);
  return writeClientPrograms(directory, version);
}

describe('obtainVerificationTools', () => {
  it.each([
    [15, '15.3'],
    [16, '17.4'],
    [17, '17.4'],
    [18, '18.1'],
  ])('takes the same major, else the nearest newer one: for %i', (major, version) =>
    withDirectory(async (root) => {
      const path: string[] = [];
      for (const one of ['18.1', '15.3', '17.4']) path.push(await writeBoth(join(root, one), one));
      const { server, client } = await obtainVerificationTools(options(root, major, path));
      expect([server.version, client.version]).toEqual([version, version]);
      expect(client.directory).toBe(server.directory);
    }),
  );

  it('finds the client programs of the same major elsewhere', () =>
    withDirectory(async (root) => {
      const layer = join(root, 'opt/postgresql/17/usr/lib/postgresql/17/bin');
      await writeServer(layer, '17.4');
      const clients = await writeClientPrograms(join(root, 'clients'), '17.9');
      const newer = await writeClientPrograms(join(root, 'newer'), '18.0');
      const found = await obtainVerificationTools(options(root, 17, [newer, clients]));
      expect(found.server.directory).toBe(layer);
      expect(found.client.directory).toBe(clients);
    }));

  it('passes over a server without client programs of its major, and says so when nothing is left', () =>
    withDirectory(async (root) => {
      const alone = await writeServer(join(root, 'alone'), '17.4');
      const clients = await writeClientPrograms(join(root, 'clients'), '18.0');
      const failing = obtainVerificationTools(options(root, 17, [alone, clients]));
      await expect(failing).rejects.toThrow(NoServerTools);
      await expect(failing).rejects.toThrow(/alone \(no pg_dump, pg_restore and psql of PostgreSQL 17\)/);
      const both = await writeBoth(join(root, 'both'), '18.1');
      const { server } = await obtainVerificationTools(options(root, 17, [alone, clients, both]));
      expect(server.version).toBe('18.1');
    }));

  it('never takes an older server, and says what to do', () =>
    withDirectory(async (root) => {
      const old = await writeBoth(join(root, 'old'), '15.3');
      const failing = obtainVerificationTools(options(root, 17, [old]));
      await expect(failing).rejects.toThrow(NoServerTools);
      await expect(failing).rejects.toThrow(/of PostgreSQL 17: 15\.3 in .*--server --major 17/);
    }));
});
