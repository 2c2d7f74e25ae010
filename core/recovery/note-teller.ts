import { messageOf } from '../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { recoveryNoteName } from '../manifest/recovery-note.ts';
import type { Timings } from '../manifest/verification.ts';
import type { Store } from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import { createNote, keepNote } from './keep-note.ts';

/** How the notes of a store are written. */
export type NoteOptions = {
  /** Who is to be asked, one line. */
  readonly contact?: string | undefined;
  /** `once` is for a role that may put at free keys only: what is there stays as it is, for whoever may replace it. */
  readonly write: 'current' | 'once';
};

export type NoteTeller = {
  /** Of a backup that is stored. Never rejects. */
  readonly stored: (manifest: Manifest) => Promise<void>;
  /** Of one that was verified, with how long that took. Never rejects. */
  readonly verified: (manifest: Manifest, timings: Timings | undefined) => Promise<void>;
};

/**
 * Keeps the notes of a run's backups. No backup fails for it, and none is worse: where it cannot be done, because the rights
 * are older than notes are or there is no room, one line says so, once for all databases of the run.
 */
export function noteTeller(
  store: Store,
  options: NoteOptions | undefined,
  onWarning: (database: string, message: string) => void,
): NoteTeller {
  let isTold = false;
  const attempt = async (manifest: Manifest, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error: unknown) {
      if (isTold) return;
      isTold = true;
      onWarning(
        manifest.database,
        `${recoveryNoteName} could not be written, and the backups are as good without it: ${oneLine(messageOf(error))}`,
      );
    }
  };
  if (options === undefined) return { stored: async () => undefined, verified: async () => undefined };
  const { contact, write } = options;
  return {
    stored: (manifest) =>
      attempt(manifest, () => (write === 'once' ? createNote : keepNote)({ store, manifest, contact })),
    verified: async (manifest, timings) => {
      if (write === 'once' || timings?.restoreSeconds === undefined) return;
      await attempt(manifest, () => keepNote({ store, manifest, contact, timings }));
    },
  };
}
