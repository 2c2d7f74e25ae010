import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchPrograms } from '../../../bench/programs.ts';
import type { Programs } from '../../../cli/programs.ts';
import {
  obtainServerTools,
  obtainTools,
  obtainVerificationTools,
} from '../../../core/postgres/programs/obtain.ts';
import { NoMatchingTools, NoServerTools, toolPath } from '../../../core/postgres/programs/tools.ts';
import { withDirectory, writeClientPrograms, writePrograms } from '../../support/process/fake-programs.ts';

/** Sees nothing of this machine, and can fetch nothing. */
function programsOn(root: string, path: readonly string[]): Programs {
  const places = {
    layer: join(root, 'opt'),
    systemRoot: join(root, 'system'),
    env: { PATH: path.join(':') },
  };
  return {
    tools: (serverMajor) => obtainTools({ ...places, serverMajor }),
    verificationTools: (major) => obtainVerificationTools({ ...places, major }),
    serverTools: (major) => obtainServerTools({ ...places, major }),
  };
}

function writeServer(directory: string, version: string): Promise<string> {
  const say = `echo 'postgres (PostgreSQL) ${version}'`;
  return writePrograms(directory, { postgres: say, initdb: say });
}

describe('benchPrograms', () => {
  it('takes client programs from where they are, not from beside the server', () =>
    withDirectory(async (root) => {
      const server = await writeServer(join(root, 'server'), '17.4');
      const client = await writeClientPrograms(join(root, 'client'), '17.9');
      const found = await benchPrograms(programsOn(root, [server, client]));
      expect(toolPath(found.server, 'postgres')).toBe(join(server, 'postgres'));
      expect(toolPath(found.client, 'pg_dump')).toBe(join(client, 'pg_dump'));
      expect(found.proof).toMatchObject({ server: { directory: server }, client: { directory: client } });
    }));

  it('restores into a newer server, where that alone has client programs of its major', () =>
    withDirectory(async (root) => {
      const both = await writeServer(join(root, 'both'), '16.2');
      await writeClientPrograms(both, '16.2');
      const alone = await writeServer(join(root, 'alone'), '15.3');
      const programs = programsOn(root, [alone, both]);
      const older = { ...programs, serverTools: () => programs.serverTools(15) };
      const found = await benchPrograms(older);
      expect([found.server.major, found.client.major]).toEqual([15, 16]);
      expect(found.proof).toMatchObject({ server: { directory: both }, client: { directory: both } });
    }));

  it('backs up without restoring where no server has client programs of its major, and knows why', () =>
    withDirectory(async (root) => {
      const server = await writeServer(join(root, 'server'), '17.4');
      const client = await writeClientPrograms(join(root, 'client'), '18.0');
      const found = await benchPrograms(programsOn(root, [server, client]));
      expect([found.server.major, found.client.major]).toEqual([17, 18]);
      expect(found.proof).toBeInstanceOf(NoServerTools);
      expect(found.proof).toMatchObject({ message: expect.stringContaining(`${server} (no pg_dump`) });
    }));

  it('fails where nothing can dump the server', () =>
    withDirectory(async (root) => {
      const server = await writeServer(join(root, 'server'), '17.4');
      const failing = benchPrograms(programsOn(root, [server]));
      await expect(failing).rejects.toThrow(NoMatchingTools);
    }));
});
