import { type Command, InvalidArgumentError, Option } from 'commander';
import { isSchemaSelector, readTableSelector } from '../core/restore/name-pattern.ts';
import type { Selection, TableSelector } from '../core/restore/request.ts';

/** Flags of the commands that restore some of a backup. */
export type SelectionFlags = {
  readonly table?: readonly TableSelector[];
  readonly schema?: readonly string[];
  readonly excludeTable?: readonly TableSelector[];
  readonly excludeSchema?: readonly string[];
};

export function withSelectionFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--table <name>',
        'only this table, view or sequence, TABLE or SCHEMA.TABLE, or a pattern as psql has it; may be given several times',
      ).argParser(collectTable),
    )
    .addOption(
      new Option(
        '--schema <name>',
        'only what is in this schema, a name or a pattern; may be given several times',
      ).argParser(collectSchema),
    )
    .addOption(
      new Option(
        '--exclude-table <name>',
        'not this table, a name or a pattern; may be given several times',
      ).argParser(collectTable),
    )
    .addOption(
      new Option(
        '--exclude-schema <name>',
        'nothing of this schema, a name or a pattern; may be given several times',
      ).argParser(collectSchema),
    );
}

/** What is named, as a selection has it. */
export function namesFrom(
  flags: SelectionFlags,
): Pick<Selection, 'tables' | 'schemas' | 'excludeTables' | 'excludeSchemas'> {
  return {
    tables: flags.table ?? [],
    schemas: flags.schema ?? [],
    excludeTables: flags.excludeTable ?? [],
    excludeSchemas: flags.excludeSchema ?? [],
  };
}

/** @throws InvalidArgumentError */
function collectTable(text: string, before: readonly TableSelector[] = []): readonly TableSelector[] {
  const name = readTableSelector(text);
  if (name === undefined)
    throw new InvalidArgumentError(
      'Expected TABLE or SCHEMA.TABLE, odd parts in double quotes as in SQL, or a pattern as psql has it.',
    );
  return [...before, name];
}

/** @throws InvalidArgumentError */
function collectSchema(text: string, before: readonly string[] = []): readonly string[] {
  if (!isSchemaSelector(text)) throw new InvalidArgumentError('Expected the name of a schema, or a pattern.');
  return [...before, text];
}
