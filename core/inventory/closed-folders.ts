import { type BackupId, encodeName } from '../manifest/backup-id.ts';

/** The folder of a source or of a database that cannot be looked into: nobody knows what lies in it. */
export type ClosedFolder = { readonly folder: string; readonly why: string };

/** Those that a listing came across, for whoever goes on without what lies in them and says so. */
export class ClosedFolders {
  readonly #whys = new Map<string, string>();

  /** To be handed to a listing; several may come across the same one. */
  readonly onUnreadable = (folder: string, why: string): void => {
    if (!this.#whys.has(folder)) this.#whys.set(folder, why);
  };

  get all(): ClosedFolder[] {
    return [...this.#whys].map(([folder, why]) => ({ folder, why }));
  }

  /** Why backups of this database cannot be looked at; undefined where they can. */
  whyOf({ source, database }: Pick<BackupId, 'source' | 'database'>): string | undefined {
    const outer = encodeName(source);
    return this.#whys.get(outer) ?? this.#whys.get(`${outer}/${encodeName(database)}`);
  }
}
