import { readdir } from 'node:fs/promises';
import { messageOf } from '../../../../../core/errors.ts';
import { fileStore } from '../../../../../core/store/file/file-store.ts';
import { bytesOf, sourceOf } from '../../../../support/store/byte-source.ts';

/**
 * A run of its own, for file systems and users that the test process cannot take on: prepares and stages into a
 * directory, and prints what became of it as JSON.
 * Arguments: directory, bytes to stage, and `nobody` to give up root's rights first.
 */
type Outcome = { readonly name: string; readonly message: string } | 'done';

async function attempt(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    await work();
    return 'done';
  } catch (error) {
    return { name: error instanceof Error ? error.name : 'unknown', message: messageOf(error) };
  }
}

const [directory = '', bytes = '0', user] = process.argv.slice(2);
if (user === 'nobody' && process.getuid?.() === 0) {
  process.setgid?.(65534);
  process.setuid?.(65534);
}
const store = fileStore({ directory });
const outcomes = {
  prepare: await attempt(() => store.prepare({ expectedBytes: 1 })),
  prepareLarge: await attempt(() => store.prepare({ expectedBytes: 1024 ** 5 })),
  stage: await attempt(async () => {
    const staged = await store.stage('s/d/t/archive.dump', sourceOf(bytesOf(Number(bytes))));
    await staged.commit();
  }),
  create: await attempt(() => store.create('s/d/t/manifest.json', Buffer.alloc(Number(bytes)))),
  found: await readdir(directory, { recursive: true }).catch(() => []),
};
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
