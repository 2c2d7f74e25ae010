import { backup } from '../../core/backup/backup.ts';
import { PgproofError } from '../../core/errors.ts';
import type { Source } from '../../core/source/source.ts';
import type { Store } from '../../core/store/store.ts';
import { formatBytes } from '../../core/text/units.ts';
import { styleFor } from '../output/style.ts';
import { machinePrograms } from '../programs.ts';
import { demoPlan, say, terminalNotifier } from './take-backup.ts';

const style = styleFor(process.stderr);

/** Far enough into the dump to have written something, far enough from its end to be half of it. */
const killAfterBytes = 4_000_000;

/**
 * Shows what happens when a server dies in the middle of a dump: the alert, and a store in which nothing appeared.
 * @throws PgproofError where the failure was not noticed, or left something
 */
export async function catchFailure(show: {
  readonly source: Source;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly kill: () => Promise<void>;
}): Promise<void> {
  const { source, store, signal } = show;
  const before = await keysOf(store);
  let killed: Promise<void> | undefined;
  const report = await backup(
    { ...demoPlan, databases: ['shop'], schedule: 'nightly' },
    {
      source,
      store,
      signal,
      tools: machinePrograms({ signal }).tools,
      clock: () => new Date(),
      notifier: terminalNotifier,
      onProgress: (event) => {
        if (event.kind !== 'bytes' || event.bytes < killAfterBytes || killed !== undefined) return;
        killed = show.kill();
        say(
          `Killed the server after ${formatBytes(event.bytes)} of archive. This is what people would be sent:\n`,
        );
      },
    },
  );
  await killed;
  const after = await keysOf(store);
  const noticed = report.databases.every(({ status }) => status === 'failed');
  const untouched = after.join('\n') === before.join('\n');
  if (!noticed || !untouched) {
    throw new PgproofError({
      what: 'A server that was killed in the middle of a dump was not caught',
      got: noticed ? `${after.length - before.length} new objects in the store` : 'a backup called done',
      fix: 'This is a defect of pgproof: please report it.',
    });
  }
  say(
    `\n${style.green('✓')} Nothing appeared in the store: ${before.length} objects before, the same ${after.length} after.`,
  );
}

async function keysOf(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}
