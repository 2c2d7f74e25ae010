import type { Command } from 'commander';
import { listBackups } from '../core/inventory/list-backups.ts';
import { interruptible } from './interrupt.ts';
import { nameOf, type StoreFlags, storeCommand, storeFrom } from './options.ts';
import { entryJson } from './output/entry-json.ts';
import { printJson, printText } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { inventoryTable } from './output/tables.ts';

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
  const entries = await interruptible((signal) =>
    listBackups(store, { source: flags.name, database: flags.database }, { signal }),
  );
  if (flags.json) {
    printJson(entries.map(entryJson));
  } else if (entries.length > 0) printText(inventoryTable(entries, styleFor(process.stdout)));
  else process.stderr.write(`${nothingFound(store.url, flags)}\n`);
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
