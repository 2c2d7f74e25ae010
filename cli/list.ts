import type { Command } from 'commander';
import { listBackups } from '../functions/shared/catalog/catalog.ts';
import { formatId } from '../functions/shared/manifest/backup-id.ts';
import { interruptible } from './interrupt.ts';
import { type StoreFlags, storeCommand, storeFrom } from './options.ts';
import { styleFor } from './output/style.ts';
import { catalogTable } from './output/tables.ts';

type ListFlags = StoreFlags & { readonly name?: string; readonly database?: string; readonly json?: true };

export function listCommand(): Command {
  return storeCommand('list')
    .description('every backup of a store, with what was proven of it')
    .option('--name <name>', 'only of this source')
    .option('--database <name>', 'only of this database')
    .action(run);
}

async function run(flags: ListFlags): Promise<void> {
  const store = storeFrom(flags);
  const entries = await interruptible((signal) =>
    listBackups(store, { source: flags.name, database: flags.database }, { signal }),
  );
  if (flags.json) {
    const documents = entries.map(({ id, manifest, verification }) => ({
      id: formatId(id),
      manifest,
      verification: verification ?? null,
    }));
    process.stdout.write(`${JSON.stringify(documents, null, 2)}\n`);
  } else if (entries.length === 0) {
    process.stderr.write(
      `No backup in ${store.url} yet. Take one: pgproof backup --store ${store.url} --source postgresql://…\n`,
    );
  } else {
    process.stdout.write(`${catalogTable(entries, styleFor(process.stdout))}\n`);
  }
}
