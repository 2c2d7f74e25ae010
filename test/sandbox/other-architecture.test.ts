import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { withDirectory } from '../support/process/fake-programs.ts';
import type { Mount } from '../support/sandbox/arguments.ts';
import { type Sandbox, withSandbox } from '../support/sandbox/sandbox.ts';
import type { LayerMajor } from '../support/sandbox/setup.ts';
import { copyForEmulator } from './qemu-layer.ts';
import { certificates, expectConnects, expectRefuses, withTlsServer } from './tls-server.ts';

const { bubblewrap, other, server: native } = inject('sandbox');
const { arch, emulator, client, server } = other;

if (emulator === undefined)
  test(`nothing for ${arch} is tried, as was said at the start`, () => {
    expect([...client, ...server]).toEqual([]);
  });

type Surroundings = { readonly mounts?: readonly Mount[]; readonly network?: boolean };

/** A layer of the other architecture and QEMU in a sandbox; `use` gets the copy of the layer that is there. */
async function withEmulator(
  original: LayerMajor,
  { mounts = [], network = false }: Surroundings,
  use: (sandbox: Sandbox, layer: LayerMajor) => Promise<void>,
): Promise<void> {
  if (emulator === undefined) throw new Error('There is no emulator');
  const all = [...mounts, { from: emulator, to: '/emulator/qemu' }];
  const seen = bubblewrap === undefined ? emulator : '/emulator/qemu';
  await withDirectory(async (directory) => {
    const layer = await copyForEmulator(original, seen, join(directory, 'layer'));
    await withSandbox({ layer: layer.directory, mounts: all, network }, (sandbox) => use(sandbox, layer));
  });
}

const layers = [
  ...client.map((layer) => ({ kind: 'client', layer })),
  ...server.map((layer) => ({ kind: 'server', layer })),
];

test.each(layers)(
  `${arch}: the programs of the $kind layer of PostgreSQL $layer.major start`,
  ({ layer: original }) =>
    withEmulator(original, {}, async ({ run, inside }, layer) => {
      for (const name of await readdir(layer.programs)) {
        const { code, stdout, stderr } = await run([inside(join(layer.programs, name)), '--version']);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        // What is not PostgreSQL's own tells another version.
        expect(stdout).toMatch(
          new RegExp(`^(${name} \\(PostgreSQL\\) ${layer.major}(\\.|[a-z])|bubblewrap )`),
        );
      }
    }),
);

test.each(client.slice(-1))(
  `${arch}: psql and pg_dump of PostgreSQL $major check who they connect to`,
  (original) =>
    withEmulator(original, { mounts: [certificates], network: true }, (sandbox, layer) =>
      withTlsServer(layer, async (ask) => {
        for (const program of ['psql', 'pg_dump'] as const) await expectConnects(ask, sandbox, program);
        const forged = { authority: 'other-authority.pem' };
        await expectRefuses(ask, sandbox, 'psql', forged, 'certificate verify failed');
      }),
    ),
);

/**
 * Parameter: the directory of this machine's own initdb. Emulated it works too, in half a minute; the files of a
 * cluster are the same on both architectures.
 */
const startScript = `
  export PGHOST="$TMPDIR" PGUSER=postgres PGDATABASE=postgres
  attempt() {
    "$@" > "$TMPDIR/out" 2>&1 || { while read -r line; do echo "$line" >&2; done < "$TMPDIR/out"; exit 1; }
  }
  attempt "$1/initdb" --pgdata "$TMPDIR/data" --username postgres --auth trust --no-sync --no-locale --encoding UTF8
  attempt pg_ctl start --wait --pgdata "$TMPDIR/data" --log "$TMPDIR/log" --options \\
    "-c listen_addresses= -c unix_socket_directories='$TMPDIR' -c dynamic_shared_memory_type=mmap -c fsync=off"
  psql -XAtqc "CREATE EXTENSION pgcrypto" -c "SELECT encode(digest('a', 'sha1'), 'hex'), 'ö' < 'z' COLLATE \\"sv-x-icu\\""
  psql -XAtqc "SELECT version() ~ 'aarch64|arm64'"
  attempt pg_ctl stop --mode fast --pgdata "$TMPDIR/data"
`;

describe.each(server)(`${arch}: the server of PostgreSQL $major`, (original) => {
  const ours = native.find(({ major }) => major === original.major);

  test.each(ours === undefined ? [] : [ours])('starts on a cluster, answers, and stops', (initdb) =>
    withEmulator(
      original,
      { mounts: [{ from: initdb.directory, to: '/native' }] },
      async (sandbox, layer) => {
        const ended = await sandbox.script(layer.programs, startScript, sandbox.inside(initdb.programs));
        expect(ended).toEqual({
          code: 0,
          stderr: '',
          stdout: `86f7e437faa5a7fce15d1ddcb9eaeaea377667b8|f\n${arch === 'arm64' ? 't' : 'f'}\n`,
        });
      },
    ),
  );
});
