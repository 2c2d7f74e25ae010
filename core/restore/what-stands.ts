import { quoteIdentifier } from '../postgres/names.ts';
import type { RestoreProgress, RestoreRequest, RestoreStep } from './request.ts';
import { type Left, whatToDrop } from './what-to-drop.ts';

/** What a restore has made so far, for who stops it: nothing may be said to be gone that is there. */
export type WhatStands = {
  readonly step: (step: RestoreStep) => void;
  /** Before the target is changed: see `makes` of Left. */
  readonly makes: (relations: Left['makes']) => void;
  readonly progress: (event: RestoreProgress) => void;
  /** Sentences for people: what is there, and how to go on. `server` is what it is called in them. */
  readonly words: (server: string) => string;
};

type About = Pick<RestoreRequest, 'database' | 'create' | 'intoNonEmpty' | 'intoSchema' | 'renameExisting'>;

const shownTables = 10;

/** Follows one restore by what it tells. */
export function whatStands(): WhatStands & { readonly of: (request: About) => void } {
  let about: About | undefined;
  let step: RestoreStep | undefined;
  let hasRoles = false;
  let entries = 0;
  const tables = new Set<string>();
  const rows = new Set<string>();
  let makes: Left['makes'];
  return {
    of: (request) => {
      about = request;
    },
    step: (next) => {
      step = next;
      hasRoles ||= next === 'roles';
    },
    makes: (relations) => {
      makes = relations;
    },
    progress: (event) => {
      if (event.step !== 'restoring') return;
      entries = Math.max(entries, event.entries);
      const [, list, name] = /^(table data|table) (.*)$/s.exec(event.doing) ?? [];
      if (name !== undefined) (list === 'table' ? tables : rows).add(name);
    },
    words: (server) => {
      if (about === undefined || step === undefined)
        return `Nothing was made or changed on ${server}. Run it again.`;
      const roles = hasRoles
        ? [
            'Roles and tablespaces that were made so far stay on the server; another run leaves them as they are.',
          ]
        : [];
      return [...databaseWords(about, { step, entries, tables, rows, makes }), ...roles].join(' ');
    },
  };
}

type Reached = {
  readonly step: RestoreStep;
  /** Of the table of contents, begun so far. */
  readonly entries: number;
  readonly tables: ReadonlySet<string>;
  readonly rows: ReadonlySet<string>;
  readonly makes: Left['makes'];
};

function databaseWords(
  { database, create, intoNonEmpty, intoSchema, renameExisting = false }: About,
  reached: Reached,
): string[] {
  const { step, entries } = reached;
  const name = JSON.stringify(database);
  if (step === 'roles')
    return [
      create ? `The database ${name} was not made yet.` : `Nothing in the database ${name} was changed.`,
    ];
  if (step === 'counting')
    return [
      `The database ${name} was restored to its end and stays; only the comparison of its rows with what was recorded was cut off.`,
    ];
  if (intoSchema !== undefined) return ['Nothing of it stayed in that database.'];
  if (renameExisting)
    return ['Nothing of it stayed in that database, and what was renamed has its name back.'];
  if (step === 'describing')
    return [
      `The tables of ${name} were restored to their end and stay; owner, grants and settings of the database itself may lack, and its rows were not compared.`,
    ];
  if (create) {
    // Where the archive makes the database, that is its first entry.
    const isThere = step === 'restoring' && entries > 1;
    return [
      isThere
        ? `The database ${name} was made, and what is in it is not complete.`
        : `The database ${name} may have been made; it is not complete.`,
      `Run this again with --replace-incomplete, which drops it and makes it anew; or drop it yourself (DROP DATABASE ${isThere ? '' : 'IF EXISTS '}${quoteIdentifier(database)};), or name another one in --to.`,
    ];
  }
  if (!intoNonEmpty)
    return [
      `What was restored so far stays in the database ${name}, which was empty before, and is not complete${listed(reached)}.`,
      'Drop that database and make it anew before you run this again.',
    ];
  return [
    `What was restored so far stays in the database ${name}, beside what was there before, and is not complete${listed(reached)}.`,
    reached.makes === undefined
      ? 'Take away what this run made before you run it again, and nothing else.'
      : whatToDrop(reached, false),
  ];
}

function listed({ tables, rows }: Reached): string {
  const some = (names: ReadonlySet<string>): string =>
    `${[...names].slice(0, shownTables).join(', ')}${names.size > shownTables ? ` and ${names.size - shownTables} more` : ''}`;
  if (tables.size > 0) return ` (tables that were made: ${some(tables)})`;
  return rows.size > 0 ? ` (tables that may have got rows: ${some(rows)})` : '';
}
