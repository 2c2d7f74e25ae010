import { describe, expect, it } from 'vitest';
import { type TestDatabase, testMajors, withDatabase } from '../support/postgres/servers.ts';
import { layerMajors } from '../support/sandbox/layers.ts';
import { type Ended, type Sandbox, withSandbox } from '../support/sandbox/sandbox.ts';
import type { LayerMajor } from '../support/sandbox/setup.ts';
import { shopFingerprintSql, shopSchemaSql, shopSql } from './shop.ts';

/** Parameters: pg_dump's option, the lines of the password file, the connections from and to, pg_restore's options. */
const roundTrip = `
  export PGPASSFILE="$TMPDIR/pgpass"
  (umask 077; echo "$2" > "$PGPASSFILE")
  pg_dump --format custom "$1" --file "$TMPDIR/archive" --dbname "$3"
  pg_restore --file - "$TMPDIR/archive" > "$TMPDIR/sql"
  to=$4
  shift 4
  pg_restore --exit-on-error --jobs 2 --dbname "$to" "$@" "$TMPDIR/archive"
  for path in "$TMPDIR"/*; do echo "\${path##*/}"; done
`;

type RoundTrip = {
  readonly layer: LayerMajor;
  readonly compression: string;
  readonly from: TestDatabase;
  readonly to: TestDatabase;
  readonly restoreOptions?: readonly string[];
};

function runRoundTrip({ script }: Sandbox, parameters: RoundTrip): Promise<Ended> {
  const { layer, compression, from, to, restoreOptions = [] } = parameters;
  const both = [from, to].map(({ tcpParameters: { host, port, user, password }, name }) => ({
    conninfo: `host=${host} port=${port} user=${user} dbname=${name}`,
    password: [host, port, name, user, password].join(':'),
  }));
  return script(
    layer.programs,
    roundTrip,
    `--compress=${compression}`,
    both.map(({ password }) => password).join('\n'),
    ...both.map(({ conninfo }) => conninfo),
    ...restoreOptions,
  );
}

const done = { code: 0, stderr: '', stdout: 'archive\npgpass\nsql\n' };

async function fingerprint({ query }: TestDatabase): Promise<string> {
  const results: unknown = await query(shopFingerprintSql);
  return JSON.stringify(results);
}

/**
 * Security releases of 2026 (15.20, 17.12, …) keep an option `pg_attver` with every column, which their own pg_dump
 * leaves out and one of a release before them (18.6) takes for one of the user's.
 */
async function keepsColumnVersions({ query }: TestDatabase): Promise<boolean> {
  const sql = `SELECT 1 FROM pg_attribute WHERE array_to_string(attoptions, ',') LIKE 'pg_attver=%' LIMIT 1`;
  return (await query(sql)).length > 0;
}

describe.each(layerMajors('client'))('PostgreSQL $major: the programs', (layer) => {
  const older = testMajors().filter((major) => major <= layer.major);
  // What pg_dump writes, the server of its own major is the oldest to take.
  const target = testMajors().find((major) => major >= layer.major) ?? Math.max(...testMajors());
  const compressions = layer.major < 16 ? ['0', '1'] : ['none', 'gzip:1', 'lz4', 'zstd:1'];

  it.each(older)(`dump a server of %i and restore the archive into one of ${target}`, (major) =>
    withDatabase(major, { sql: shopSql }, (from) =>
      withSandbox({ layer: layer.directory, network: true }, async (sandbox) => {
        // The others say nothing new about another server.
        const tried = major === target ? compressions : compressions.slice(-1);
        for (const compression of tried) {
          const isSkewed = await withDatabase(target, {}, async (to) => {
            const ended = await runRoundTrip(sandbox, { layer, compression, from, to });
            if ((await keepsColumnVersions(from)) && !(await keepsColumnVersions(to))) {
              expect(ended.stderr).toContain('unrecognized parameter "pg_attver"');
              return true;
            }
            expect(ended).toEqual(done);
            expect(await fingerprint(to)).toBe(await fingerprint(from));
            return false;
          });
          if (isSkewed)
            await withDatabase(target, { sql: shopSchemaSql }, async (to) => {
              const restoreOptions = ['--data-only', '--disable-triggers'];
              const parameters = { layer, compression, from, to, restoreOptions };
              expect(await runRoundTrip(sandbox, parameters)).toEqual(done);
              // Not data, in pg_restore's eyes.
              await to.query('REFRESH MATERIALIZED VIEW per_customer');
              expect(await fingerprint(to)).toBe(await fingerprint(from));
            });
        }
      }),
    ),
  );
});
