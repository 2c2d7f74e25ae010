import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { newestMajor, withDatabase } from '../../support/postgres/servers.ts';
import { withDirectory, writePrograms } from '../../support/process/fake-programs.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

test('a list of checks in a file: SQL, and a program that asks by psql', () =>
  withDatabase(newestMajor(), { sql: 'create table users as select generate_series(1, 3)' }, (database) =>
    withFileStore(({ url }) =>
      withDirectory(async (directory) => {
        const store = ['--store', url];
        const made = await cli.run([
          'backup',
          '--source',
          database.url,
          '--name',
          'shop',
          '--database',
          database.name,
          ...store,
        ]);
        expect(made.status).toBe(0);
        await writePrograms(directory, {
          count:
            'found=$(psql -XAtc "select count(*) from users"); echo "found $found, wanted $1"; test "$found" = "$1"',
        });
        const file = join(directory, 'checks.yaml');
        const program = JSON.stringify(join(directory, 'count'));
        const verify = [
          'verify',
          `shop/${database.name}/latest`,
          '--level',
          'restore',
          '--allow-uncontained',
        ];

        await writeFile(file, `- sql: select count(*) = 3 from users\n- command: [${program}, '3']\n`);
        const good = await cli.run([...verify, '--checks', file, '--check', 'select true', ...store]);
        expect(good.stdout + good.stderr).toContain('3 checks, all true');
        expect(good.status).toBe(0);

        await writeFile(file, `- name: four users\n  command: [${program}, '4']\n`);
        const bad = await cli.run([...verify, '--checks', file, ...store]);
        expect(bad.stdout + bad.stderr).toContain('found 3, wanted 4');
        expect(bad.status).toBe(1);

        await writeFile(file, `- command: [./count]\n  sql: select 'canary'\n- comand: [x]\n`);
        const wrong = await cli.run([...verify, '--checks', file, ...store]);
        expect(wrong.status).toBe(2);
        expect(wrong.stderr).toContain('[0].command');
        expect(wrong.stderr).toContain('[1]: got an unknown key');
        expect(wrong.stderr).not.toContain('canary');

        const shallow = await cli.run(['verify', `shop/${database.name}/latest`, '--checks', file, ...store]);
        expect(shallow.status).toBe(2);
        expect(shallow.stderr).toContain('--checks needs a database to run in');
      }),
    ),
  ));
