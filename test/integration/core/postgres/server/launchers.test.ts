import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { launchThrough } from '../../../../../core/postgres/server/launchers.ts';
import { withServerParent } from '../../../../support/postgres/verification-server.ts';

/** Programs that tell in the environment that they were gone through, as the real ones change what no test can see. */
async function programs(directory: string): Promise<Record<'keyctl' | 'setpriv' | 'refused', string>> {
  const make = async (name: string, script: string): Promise<string> => {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return join(directory, name);
  };
  return {
    keyctl: await make('keyctl', '[ "$1 $2" = "session -" ] && shift 2 && KEYRING=own exec "$@"'),
    setpriv: await make('setpriv', '[ "$1" = --no-new-privs ] && shift && PRIVILEGES=none exec "$@"'),
    refused: await make('refused', 'exit 1'),
  };
}

const shell = ['/bin/sh', '-c', 'echo "$KEYRING $PRIVILEGES"'];
const saidBy = ([program = '', ...args]: readonly string[]): string =>
  execFileSync(program, args, { env: {}, encoding: 'utf8' });

describe('what a server for hostile SQL is started through', () => {
  it('gives it a keyring of its own, and no new privileges', () =>
    withServerParent(async (directory) => {
      const { keyctl, setpriv, refused } = await programs(directory);
      // The first that works counts.
      const launchers = { keyctl: ['/nowhere/keyctl', refused, keyctl], setpriv: [setpriv] };
      const launch = await launchThrough(launchers, directory, undefined, false);
      expect(launch.hasNoNewPrivileges).toBe(true);
      expect(saidBy([...launch.words, ...shell])).toBe('own none\n');
    }));

  it('leaves privileges to a sandbox, which takes them itself', () =>
    withServerParent(async (directory) => {
      const { keyctl, setpriv } = await programs(directory);
      const launch = await launchThrough(
        { keyctl: [keyctl], setpriv: [setpriv] },
        directory,
        undefined,
        true,
      );
      expect(launch).toEqual({ words: [keyctl, 'session', '-'], hasNoNewPrivileges: true });
    }));

  it('goes without what is not there, or refused', () =>
    withServerParent(async (directory) => {
      const { refused } = await programs(directory);
      const launchers = { keyctl: [refused], setpriv: [join(directory, 'none'), refused] };
      const launch = await launchThrough(launchers, directory, undefined, false);
      expect(launch).toEqual({ words: [], hasNoNewPrivileges: false });
    }));
});
