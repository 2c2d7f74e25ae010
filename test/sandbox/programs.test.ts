import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layerKinds } from '../../layers/postgres/build-root.ts';
import { layerMajors } from '../support/sandbox/layers.ts';
import { withSandbox } from '../support/sandbox/sandbox.ts';

const clientPrograms = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];
const expected = { client: clientPrograms, server: [...clientPrograms, 'initdb', 'pg_ctl', 'postgres'] };

/** PostgreSQL's own tell whose they are; what else comes along tells something. */
function answerOf(name: string, major: number): RegExp {
  const isPostgres = expected.server.includes(name);
  return isPostgres
    ? new RegExp(`^0 ${name} \\(PostgreSQL\\) ${major}(\\.|[a-z])[^\n]*$`)
    : /^0 \S+ \d[^\n]*$/;
}

describe.each(layerKinds)('the %s layer', (kind) => {
  it.each(layerMajors(kind))(
    'of PostgreSQL $major has programs that start with nothing around them',
    (layer) =>
      withSandbox({ layer: layer.directory }, async ({ run, inside }) => {
        const names = await readdir(layer.programs);
        expect(names).toEqual(expect.arrayContaining(expected[kind]));
        const answers = await Promise.all(
          names.map((name) => run([inside(join(layer.programs, name)), '--version'])),
        );
        const told = answers.map(({ code, stdout, stderr }) => `${code} ${stdout.trim()}${stderr}`);
        expect(told).toEqual(names.map((name) => expect.stringMatching(answerOf(name, layer.major))));
      }),
  );
});
