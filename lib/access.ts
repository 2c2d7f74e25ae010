/*
 * Who may do what to which object of a store, for the functions that there are: decision 15 has the whole table, with the
 * columns of those that are still to come, and of people. The policies are made from this and from nothing else.
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
  | 'release'
  | 'pruned'
  | 'prune'
  | 'uploads'
  | 'recovery'
  | 'status';

/** The functions that have a role of their own. */
export const functionRoles = ['backup', 'verify', 'restore', 'prune'] as const;

/** The one role of a copy function, by where it acts: in the bucket of the backups, in that of the copies. */
export const copyRoles = ['copy from', 'copy to'] as const;
export type FunctionRole = (typeof functionRoles | typeof copyRoles)[number];

/**
 * `create`: put where nothing lies yet, on that condition only. `replace`: put, whatever lies there. `delete`: hide, for no
 * function may delete a version. `tag`: mark as an archive, and nothing else. `list` and `end` are said of uploads that are not
 * complete.
 */
export type Right = 'read' | 'create' | 'tag' | 'replace' | 'delete' | 'list' | 'end';

/**
 * `kept` is a verification that could not be carried on, put aside before another takes its place; `pruned` what prune has
 * begun to delete of one backup, `prune` what it did last to the backups of a database.
 *
 * Who creates reads what it wrote in one piece: where the answer to that was lost, only the bytes tell whether it was done.
 * RECOVERY.md and status/ are the watch's; whoever writes the first backup makes the first RECOVERY.md. A hold and a release are a person's; prune takes them away with their backup,
 * when the hold has run out, and copy brings a hold along, as it does verdicts.
 */
export const access: Readonly<
  Record<StoredObject, Readonly<Partial<Record<FunctionRole, readonly Right[]>>>>
> = {
  archive: {
    backup: ['create', 'tag'],
    verify: ['read'],
    restore: ['read'],
    prune: ['delete'],
    'copy from': ['read'],
    'copy to': ['read', 'create', 'tag'],
  },
  database: {
    backup: ['create'],
    verify: ['read'],
    restore: ['read'],
    prune: ['delete'],
    'copy from': ['read'],
    'copy to': ['read', 'create'],
  },
  globals: {
    backup: ['create'],
    verify: ['read'],
    restore: ['read'],
    prune: ['delete'],
    'copy from': ['read'],
    'copy to': ['read', 'create'],
  },
  manifest: {
    backup: ['read', 'create'],
    verify: ['read'],
    restore: ['read'],
    prune: ['read', 'delete'],
    'copy from': ['read'],
    'copy to': ['read', 'create'],
  },
  summary: {
    backup: ['read', 'create'],
    verify: ['read'],
    restore: ['read'],
    prune: ['read', 'delete'],
    'copy from': ['read'],
    'copy to': ['read', 'create', 'replace'],
  },
  verification: {
    verify: ['read', 'create', 'replace'],
    restore: ['read'],
    prune: ['read', 'delete'],
    'copy from': ['read'],
    'copy to': ['read', 'create', 'replace'],
  },
  kept: { verify: ['read', 'create'], prune: ['delete'], 'copy from': ['read'], 'copy to': ['read'] },
  hold: {
    verify: ['read'],
    restore: ['read'],
    prune: ['read', 'delete'],
    'copy from': ['read'],
    'copy to': ['read', 'create', 'replace'],
  },
  release: {
    verify: ['read'],
    restore: ['read'],
    prune: ['read', 'delete'],
    'copy from': ['read'],
    'copy to': ['read'],
  },
  pruned: { prune: ['read', 'create', 'delete'], 'copy from': ['read'], 'copy to': ['read'] },
  prune: { prune: ['read', 'create', 'replace'], 'copy from': ['read'], 'copy to': ['read'] },
  uploads: { backup: ['end'], prune: ['list', 'end'], 'copy to': ['end'] },
  // Once: what is there stays as it is, for a person or the watch to write anew. Not read: where the answer was lost it may lack.
  recovery: { backup: ['create'], 'copy to': ['create'] },
  status: {},
};

/**
 * When a backup was started, as it stands in its keys (`2026-11-20T02-00-00Z`), in IAM's words: `?` is one character. `*`
 * is any number of them, slashes too, so that a pattern without it would let `archive.*` be the name of a database.
 */
const startedAt = '????-??-??T??-??-??Z';

/** Every object of a backup, in one pattern instead of many: a role's policies have room for 10,240 characters. */
export const everyObject = `*/${startedAt}/*`;

/** What the store itself keeps for some days, where its bucket has Object Lock: without it a backup is none. */
export const lockable: readonly StoredObject[] = ['archive', 'database', 'globals', 'manifest'];

/** Who locks it: at upload, and for longer once it is kept for longer. */
export const lockers: readonly FunctionRole[] = ['backup', 'prune', 'copy to'];

/** Below a source's part of the store; the status page lies beside the sources, and no function has a right to it. */
const keyPatterns: Readonly<Record<Exclude<StoredObject, 'status'>, readonly string[]>> = {
  // `archive.dump` as well as `archive/toc.dat`: in one pattern, for the same reason.
  archive: [`*/${startedAt}/archive?*`],
  database: [`*/${startedAt}/database.sql`],
  globals: [`*/${startedAt}/globals.sql`],
  manifest: [`*/${startedAt}/manifest.json`],
  summary: [`*/${startedAt}/summary.json`],
  verification: [`*/${startedAt}/verification.json`],
  kept: [`*/${startedAt}/verification.kept-*.json`],
  hold: [`*/${startedAt}/hold.json`],
  release: [`*/${startedAt}/release.json`],
  pruned: [`*/${startedAt}/pruned.json`],
  // `*` goes over slashes: one below a backup is allowed too, and nobody looks there.
  prune: ['*/prune.json'],
  uploads: [everyObject],
  recovery: ['*/RECOVERY.md'],
};

/** Patterns of the keys, below a source's part of the store, to whose objects a role has every one of these rights. */
export function keysFor(role: FunctionRole, ...rights: readonly Right[]): string[] {
  return Object.entries(keyPatterns).flatMap(([object, patterns]) => {
    const had = access[object as StoredObject][role] ?? [];
    return rights.every((right) => had.includes(right)) ? patterns : [];
  });
}

/** Patterns of the keys, below a source's part of the store, of what Object Lock keeps. */
export function lockableKeys(): string[] {
  return Object.entries(keyPatterns).flatMap(([object, patterns]) =>
    lockable.includes(object as StoredObject) ? patterns : [],
  );
}
