import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackupReport } from '../../../core/backup/report.ts';
import { defaultNames } from '../../../core/config/source-name.ts';
import { encodeName } from '../../../core/manifest/backup-id.ts';
import type { PrivateServer } from '../../../core/postgres/server/private-server.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { realServerTools } from '../../support/postgres/programs.ts';
import { newestMajor, runSql, withOwnServer } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

/** Two clusters of this machine, each with a database `app`; of initdb's own making, as copies have one identifier. */
async function withTwoClusters(
  use: (one: PrivateServer, two: PrivateServer) => Promise<void>,
): Promise<void> {
  const tools = await realServerTools(newestMajor());
  const options = { tools, tcp: true };
  await withOwnServer(newestMajor(), options, (one) =>
    withOwnServer(newestMajor(), options, async (two) => {
      for (const server of [one, two]) await runSql(server.parameters, 'create database app');
      await use(one, two);
    }),
  );
}

function environmentOf({ host, port, user, password }: PrivateServer['parameters']): Record<string, string> {
  return { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password ?? '' };
}

test('two clusters of one machine have a name each; who had one under the former default keeps it', () =>
  withTwoClusters(async (one, two) =>
    withFileStore(async ({ url }) => {
      const backup = async (
        env: Record<string, string>,
        ...flags: string[]
      ): Promise<{ readonly id: string; readonly stderr: string }> => {
        const { stdout, stderr } = await cli.run(
          ['backup', '--store', url, '--verify', 'none', '--json', ...flags],
          { env },
        );
        const [result] = (JSON.parse(stdout) as BackupReport).databases;
        if (result?.status !== 'done') throw new Error(stderr);
        return { id: result.id, stderr };
      };
      const said = /its default name in older versions|the default name in older versions/;
      const [first, second] = [environmentOf(one.parameters), environmentOf(two.parameters)];
      // As an older version did it.
      await backup(first, '--name', 'localhost');

      const again = await backup(first);
      expect(again.id).toMatch(/^localhost\/app\//);
      expect(again.stderr.match(/its default name in older versions: it keeps that name/g)).toHaveLength(1);

      const { name } = defaultNames(two.parameters, hostname());
      const other = await backup(second);
      expect(other.id.startsWith(`${encodeName(name)}/app/`)).toBe(true);
      expect(name).toMatch(new RegExp(`-${two.parameters.port}$`));
      expect(other.stderr).toMatch(/of another server/);
      expect(other.stderr).not.toMatch(/another cluster/);
      const settled = await backup(second);
      expect(settled.id.startsWith(`${encodeName(name)}/app/`)).toBe(true);
      expect(settled.stderr).not.toMatch(said);

      if (one.tcpParameters === undefined) throw new Error('no TCP');
      const tcp = await backup(environmentOf(one.tcpParameters));
      expect(tcp.id).toMatch(new RegExp(`^127\\.0\\.0\\.1-${one.tcpParameters.port}/app/`));
      expect(tcp.stderr).not.toMatch(said);

      // Whose they are is not known while it is down: it fails as any other, and nothing is stored.
      await one.kill();
      const down = await cli.run(['backup', '--store', url], { env: first });
      expect(down).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/No server|refused|not running/i),
      });
    }),
  ));
