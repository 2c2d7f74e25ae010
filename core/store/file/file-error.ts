import { messageOf, PgproofError } from '../../errors.ts';
import { ObjectExists, ObjectMissing, StoreUnusable } from '../store.ts';
import { type StoreWork, storeWorks } from '../work.ts';

/** What is done with files. */
export type FileWork = Extract<StoreWork, 'list' | 'read' | 'write' | 'delete'>;

type Meaning = { readonly what: string; readonly fix: string };

/** What the system does not allow, by what was done. Deleting is a right of the directory, not of the file. */
const denied: Readonly<Record<FileWork, Meaning>> = {
  list: { what: 'The directory may not be listed', fix: rightTo('read and enter it (r and x)') },
  read: {
    what: 'The file may not be read',
    fix: rightTo('read it (r), and to enter the directories above it (x)'),
  },
  write: {
    what: 'The directory may not be written to',
    fix: rightTo('write to it and enter it (w and x)'),
  },
  delete: {
    what: 'The file may not be deleted',
    fix: rightTo('write to the directory that it lies in (w and x); a file with chattr +i nobody deletes'),
  },
};

function rightTo(what: string): string {
  return `Give the user that runs pgproof the right to ${what}; what a run as another user made is that user’s until chown -R.`;
}

const isNotThere: Meaning = {
  what: 'The directory is not there',
  fix: 'Correct the store URL; a link in it may lead nowhere, or a disk not be mounted.',
};

/** Where it is of weight what was done. */
const byWork: Readonly<Record<string, Readonly<Partial<Record<FileWork, Meaning>>>>> = {
  EACCES: denied,
  EPERM: denied,
  ENOSPC: {
    write: {
      what: 'The disk is full',
      fix: 'Make room, or use another disk. Nothing half-written was left.',
    },
  },
  ENOENT: { write: { ...isNotThere, what: 'The directory is not there and cannot be made' } },
};

const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: { what: 'The disk is full', fix: 'Make room.' },
  ENOENT: isNotThere,
  EDQUOT: { what: 'The disk quota is used up', fix: 'Make room, or raise the quota.' },
  EFBIG: {
    what: 'The file is larger than allowed here',
    fix: 'Raise the limit (ulimit -f), or use another disk.',
  },
  EROFS: { what: 'The file system is read-only', fix: 'Mount it writable, or use another directory.' },
  ENOTDIR: {
    what: 'A part of the path is not a directory',
    fix: 'Correct the store URL, or move the file away.',
  },
  ENAMETOOLONG: { what: 'A name is too long for this file system', fix: 'Use a shorter source name.' },
  ELOOP: { what: 'The path has a loop of symbolic links', fix: 'Correct the links, or the store URL.' },
  EIO: { what: 'The disk failed', fix: 'Look at the system log; use another disk.' },
  ESTALE: { what: 'The network file system has lost the file', fix: 'Mount it again, then run again.' },
  EMFILE: { what: 'Too many files are open', fix: 'Raise the limit (ulimit -n).' },
};

/** The code of a Node system error. */
export function errno(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/**
 * Our error for one of the file system's. What is ours already, aborts, and what is no system error stay as they are.
 * @param where The store's URL, or an object's.
 */
export function fromFileSystem(error: unknown, where: string, work: FileWork): Error {
  if (!(error instanceof Error)) return new Error(messageOf(error));
  const code = errno(error);
  if (error instanceof PgproofError || code === undefined || !('syscall' in error)) return error;
  if (code === 'EEXIST') return keyTaken(where, error);
  const meaning = byWork[code]?.[work] ??
    meanings[code] ?? {
      what: 'The file system failed',
      fix: 'Look at the directory and its disk.',
    };
  return new StoreUnusable(
    { what: `${meaning.what} (${storeWorks[work]} ${where})`, got: messageOf(error), fix: meaning.fix },
    { cause: error, isOfObject: ofObject.has(code), isFull: code === 'ENOSPC' || code === 'EDQUOT' },
  );
}

/** What may be the matter with one file alone while others can be read. */
const ofObject: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EIO',
  'EISDIR',
  'ELOOP',
  'ENXIO',
  'ENAMETOOLONG',
  'ESTALE',
]);

export function keyTaken(where: string, cause?: unknown): ObjectExists {
  return new ObjectExists(
    { what: `The key is taken (${where})`, fix: 'Another run wrote it first. Nothing was overwritten.' },
    { cause },
  );
}

export function noObject(where: string, cause?: unknown): ObjectMissing {
  return new ObjectMissing(
    { what: `There is no such object (${where})`, fix: 'See what is there with `pgproof list`.' },
    { cause },
  );
}

export function noDirectory(where: string, cause: unknown): StoreUnusable {
  return new StoreUnusable(
    {
      what: `There is no such directory (${where})`,
      fix: 'Correct the store URL; a disk may not be mounted. A first backup makes the directory.',
    },
    { cause },
  );
}
