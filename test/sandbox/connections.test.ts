import { describe, it } from 'vitest';
import { layerMajors } from '../support/sandbox/layers.ts';
import { withSandbox } from '../support/sandbox/sandbox.ts';
import { certificates, expectConnects, expectRefuses, type Program, withTlsServer } from './tls-server.ts';

const programs: readonly Program[] = ['psql', 'pg_dump', 'pg_dumpall'];

describe.each(layerMajors('client'))('PostgreSQL $major: over TLS and with SCRAM the programs', (layer) => {
  it('connect to a server that is who it says, and to no other', () =>
    withTlsServer(layer, (ask) =>
      withSandbox({ layer: layer.directory, mounts: [certificates], network: true }, async (sandbox) => {
        for (const program of programs) {
          const refuses = expectRefuses.bind(undefined, ask, sandbox, program);
          await Promise.all([
            expectConnects(ask, sandbox, program),
            refuses({ authority: 'other-authority.pem' }, 'certificate verify failed'),
            refuses({ host: 'elsewhere.test' }, 'does not match host name "elsewhere.test"'),
            refuses({ password: 'wrong' }, 'password authentication failed'),
          ]);
        }
      }),
    ));
});
