/** Where an archive is when it is restored. */
export type ArchiveAt =
  /** A file, or the directory of the directory format. */
  | { readonly kind: 'path'; readonly path: string }
  /** Bytes in order; one job only, and not for the directory format. An error of it ends the restore. */
  | { readonly kind: 'stream'; readonly stream: AsyncIterable<Buffer> };
