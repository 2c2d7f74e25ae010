/*
 * Who may do what to which object of a store, for the functions that there are: decision 15 has the whole table, with the
 * columns of those that are still to come. The policies are made from this and from nothing else.
 */

/** What lies in a store, by what it is. */
export type StoredObject =
  | 'archive'
  | 'database'
  | 'globals'
  | 'manifest'
  | 'summary'
  | 'verification'
  | 'kept'
  | 'hold'
  | 'recovery'
  | 'status';

/** The functions that have a role of their own. */
export const functionRoles = ['backup', 'verify', 'restore'] as const;
export type FunctionRole = (typeof functionRoles)[number];

/**
 * `create`: put where nothing lies yet, on that condition only. `replace`: put, whatever lies there. No function may
 * delete, so there is no word for it.
 */
export type Right = 'read' | 'create' | 'replace';

/**
 * `kept` is a verification that could not be carried on, put aside before another takes its place.
 *
 * Who creates reads what it wrote in one piece: where the answer to that was lost, only the bytes tell whether it was done.
 * RECOVERY.md and status/ are the watch's, a hold is a person's.
 */
export const access: Readonly<
  Record<StoredObject, Readonly<Partial<Record<FunctionRole, readonly Right[]>>>>
> = {
  archive: { backup: ['create'], verify: ['read'], restore: ['read'] },
  database: { backup: ['create'], verify: ['read'], restore: ['read'] },
  globals: { backup: ['create'], verify: ['read'], restore: ['read'] },
  manifest: { backup: ['read', 'create'], verify: ['read'], restore: ['read'] },
  summary: { backup: ['read', 'create'], verify: ['read'], restore: ['read'] },
  verification: { verify: ['read', 'create', 'replace'], restore: ['read'] },
  kept: { verify: ['read', 'create'] },
  hold: {},
  recovery: {},
  status: {},
};

/**
 * When a backup was started, as it stands in its keys (`2026-11-20T02-00-00Z`), in IAM's words: `?` is one character. `*`
 * is any number of them, slashes too, so that a pattern without it would let `archive.*` be the name of a database.
 */
const startedAt = '????-??-??T??-??-??Z';

/** Every object of a backup. */
export const everyObject = `*/${startedAt}/*`;

/** Below a source's part of the store; the status page lies beside the sources, and no function has a right to it. */
const keyPatterns: Readonly<Record<Exclude<StoredObject, 'status'>, readonly string[]>> = {
  archive: [`*/${startedAt}/archive.*`, `*/${startedAt}/archive/*`],
  database: [`*/${startedAt}/database.sql`],
  globals: [`*/${startedAt}/globals.sql`],
  manifest: [`*/${startedAt}/manifest.json`],
  summary: [`*/${startedAt}/summary.json`],
  verification: [`*/${startedAt}/verification.json`],
  kept: [`*/${startedAt}/verification.kept-*.json`],
  hold: [`*/${startedAt}/hold.json`],
  recovery: ['*/RECOVERY.md'],
};

/** What is of any size, and therefore sent in parts. */
const inParts: readonly StoredObject[] = ['archive', 'database', 'globals'];

/** Whether a role sends objects in parts, and has to end what it began. */
export function sendsParts(role: FunctionRole): boolean {
  return inParts.some((object) => access[object][role]?.includes('create'));
}

/** Patterns of the keys, below a source's part of the store, to whose objects a role has every one of these rights. */
export function keysFor(role: FunctionRole, ...rights: readonly Right[]): string[] {
  return Object.entries(keyPatterns).flatMap(([object, patterns]) => {
    const had = access[object as StoredObject][role] ?? [];
    return rights.every((right) => had.includes(right)) ? patterns : [];
  });
}
