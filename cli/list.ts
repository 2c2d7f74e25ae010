import type { Command } from 'commander';
import { eachBackup } from '../core/inventory/list-backups.ts';
import type { InventoryEntry } from '../core/inventory/read-entry.ts';
import { formatId } from '../core/manifest/backup-id.ts';
import { Unreadable } from '../core/manifest/document.ts';
import { interruptible } from './interrupt.ts';
import { nameOf, type StoreFlags, storeCommand, storeFrom } from './options.ts';
import { tell } from './output/edge.ts';
import { entryJson } from './output/entry-json.ts';
import { printJsonList, printLines } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { inventoryRow, inventoryTable } from './output/tables.ts';

type ListFlags = StoreFlags & { readonly name?: string; readonly database?: string; readonly json?: true };

export function listCommand(): Command {
  return storeCommand('list')
    .description('every backup of a store, with what was proven of it')
    .option('--name <name>', 'only of this source', nameOf)
    .option('--database <name>', 'only of this database', nameOf)
    .action(run);
}

async function run(flags: ListFlags): Promise<void> {
  const store = await storeFrom(flags);
  const filter = { source: flags.name, database: flags.database };
  await interruptible(async (signal) => {
    const entries = eachBackup(store, filter, { signal });
    if (flags.json) await printJsonList(mapped(entries, entryJson));
    else await printTable(entries, nothingFound(store.url, flags));
  });
}

/** Of each backup its row only is kept: a store may hold more than there is memory for. */
async function printTable(entries: AsyncIterable<InventoryEntry>, nothing: string): Promise<void> {
  const rows: string[][] = [];
  const unreadable: string[] = [];
  for await (const entry of entries) {
    rows.push(inventoryRow(entry, styleFor(process.stdout)));
    const { id, manifest } = entry;
    if (manifest instanceof Unreadable)
      unreadable.push(`${formatId(id)} is unreadable: ${manifest.unreadable}`);
  }
  if (rows.length > 0) printLines(inventoryTable(rows));
  else tell(process.stderr, [nothing]);
  tell(process.stderr, unreadable);
}

async function* mapped<T, U>(all: AsyncIterable<T>, map: (one: T) => U): AsyncGenerator<U> {
  for await (const one of all) yield map(one);
}

function nothingFound(url: string, { name, database }: ListFlags): string {
  const asked = [
    ...(name === undefined ? [] : [`of the source ${JSON.stringify(name)}`]),
    ...(database === undefined ? [] : [`of the database ${JSON.stringify(database)}`]),
  ];
  if (asked.length > 0)
    return `No backup ${asked.join(' ')} in ${url}. See all there are: pgproof list --store ${url}`;
  return `No backup in ${url} yet. Take one: pgproof backup --store ${url} --source postgresql://…`;
}
