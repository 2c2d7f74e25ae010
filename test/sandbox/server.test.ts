import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { testMajors, withDatabase } from '../support/postgres/servers.ts';
import { withDirectory } from '../support/process/fake-programs.ts';
import { layerMajors } from '../support/sandbox/layers.ts';
import { withSandbox } from '../support/sandbox/sandbox.ts';
import type { LayerMajor } from '../support/sandbox/setup.ts';
import { shopFingerprintSql, shopSql } from './shop.ts';

const script = await readFile(fileURLToPath(new URL('server.sh', import.meta.url)), 'utf8');

/** What `npm test` needs the contrib modules for, and more that most databases have. */
const extensions = [
  'btree_gist',
  'citext',
  'hstore',
  'ltree',
  'pg_stat_statements',
  'pg_trgm',
  'pgcrypto',
  'plpgsql',
];

/** An archive of the shop, and what it must give when it is restored. */
async function withArchive(
  layer: LayerMajor,
  use: (archive: string, fingerprint: string) => Promise<void>,
): Promise<void> {
  const major =
    testMajors()
      .filter((one) => one <= layer.major)
      .at(-1) ?? layer.major;
  await withDirectory((directory) =>
    withDatabase(major, { sql: shopSql }, async ({ parameters: { host, port, user }, name }) => {
      const run = (program: string, ...words: string[]): Promise<{ stdout: string }> =>
        promisify(execFile)(join(layer.programs, program), words, {
          env: { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: name },
        });
      await run('pg_dump', '--format', 'custom', '--file', join(directory, 'archive'));
      const { stdout } = await run('psql', '-XqAtc', shopFingerprintSql);
      await use(join(directory, 'archive'), stdout.trim());
    }),
  );
}

describe.each(layerMajors('server'))('the server of PostgreSQL $major', (layer) => {
  it('starts in 512 MB of /tmp, has its extensions, restores an archive, and stops', () =>
    withArchive(layer, (archive, fingerprint) =>
      withSandbox(
        {
          layer: layer.directory,
          mounts: [{ from: join(archive, '..'), to: '/archive' }],
        },
        async (sandbox) => {
          const ended = await sandbox.script(
            layer.programs,
            script,
            sandbox.inside(archive),
            shopFingerprintSql,
          );
          expect(ended).toMatchObject({ code: 0, stderr: '' });
          const lines = ended.stdout.trim().split('\n');
          const told = new Map(
            lines.map((line) => [line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1)]),
          );
          const created = told.get('extensions')?.split(' ') ?? [];
          expect(created).toEqual(expect.arrayContaining(extensions));
          expect(created.length).toBeGreaterThan(40);
          expect(Object.fromEntries([...told].filter(([name]) => name !== 'extensions'))).toEqual({
            started: expect.stringMatching(new RegExp(`^${layer.major}(\\.|[a-z])`)),
            functions:
              '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8 0.5714286 4f3f2898-69e3-5a0d-820a-c4e87987dbce b',
            text: "'haus':1 \\xe4 a",
            time: '2026-07-01 06:00:00 2026-01-01 11:00:00',
            jit: 'false',
            // In Swedish ö comes after z.
            icu: 'a z ö a ö z',
            // Without its locale A would come before a.
            libc: 'a A z',
            restored: fingerprint,
            parallel: '10000',
            stopped: 'stopped',
          });
        },
      ),
    ));
});
