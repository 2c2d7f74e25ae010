import { expect, test } from 'vitest';
import { systemdUnits } from '../../../../cli/night/units.ts';

const started = {
  node: '/usr/bin/node',
  pgproof: '/usr/local/bin/pgproof',
  config: '/etc/pgproof/pgproof.yaml',
};
const service = (real?: readonly string[]): string => systemdUnits({ ...started, real })[0]?.text ?? '';

test('homes are hidden from the service, unless what it starts lies in one, behind a link too', () => {
  expect(service()).toContain('\nProtectHome=yes\n');
  expect(service(['/usr/bin/node', '/opt/pgproof/dist/cli/pgproof.js'])).toContain('\nProtectHome=yes\n');
  expect(service(['/usr/bin/node', '/home/dba/pgproof/dist/cli/pgproof.js'])).toContain(
    '\nProtectHome=read-only\n',
  );
});
