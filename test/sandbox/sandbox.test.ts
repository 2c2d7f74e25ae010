import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import { withSandbox } from '../support/sandbox/sandbox.ts';

/*
 * What the other tests rely on: that the sandbox forbids what Lambda forbids.
 */

const layer = fileURLToPath(new URL('.', import.meta.url));
const isStrict = inject('sandbox').bubblewrap !== undefined;

/** One line per fact, in sh's own words: there is no other program in the sandbox. */
const facts = `
  for path in /opt/x /x /etc/x /dev/x /home/x /var/x /dev/shm/x; do
    if (: > "$path") 2> /dev/null; then echo "may write $path"; fi
  done
  : > "$TMPDIR/x" && echo "may write in TMPDIR"
  for path in /usr /home /root /dev/shm /sys /work /etc/ssl /lib/*/libpq* /lib/*/libssl* /etc/ld.so.cache; do
    if [ -e "$path" ]; then echo "sees $path"; fi
  done
  while read -r name value; do
    case "$name" in Uid:|Gid:|CapEff:|CapBnd:|NoNewPrivs:) set -- $value; echo "$name $1";; esac
  done < /proc/self/status
  count=0; for one in /proc/[0-9]*; do count=$((count + 1)); done; echo "sees $count processes"
  while read -r name rest; do case "$name" in *:) echo "interface $name";; esac; done < /proc/net/dev
`;

describe('the sandbox', () => {
  test('starts programs with the environment that they are given and no other', () =>
    withSandbox({ layer }, async ({ run, temporary }) => {
      const { stdout } = await run(['/bin/sh', '-c', 'export'], { A: 'b' });
      const unless = isStrict ? '/tmp' : temporary;
      expect(stdout.split('\n').sort()).toEqual(['', "export A='b'", `export PWD='${unless}'`]);
    }));

  // On a machine that allows no sandbox the run says so at its start.
  if (isStrict)
    test('is as strict as Lambda', () =>
      withSandbox({ layer }, async ({ script }) => {
        const { stdout, stderr, code } = await script(layer, facts);
        expect({ code, stderr, facts: stdout.trim().split('\n') }).toEqual({
          code: 0,
          stderr: '',
          facts: [
            'may write in TMPDIR',
            'Uid: 993',
            'Gid: 990',
            'CapEff: 0000000000000000',
            'CapBnd: 0000000000000000',
            'NoNewPrivs: 1',
            // The first is bubblewrap's own.
            'sees 2 processes',
            'interface lo:',
          ],
        });
      }));
});
