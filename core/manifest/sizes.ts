import type { Manifest } from './manifest.ts';

/** Bytes of the archive as the manifest records them. */
export function archiveBytes(manifest: Manifest): number {
  return manifest.objects.reduce((sum, file) => sum + (file.role === 'archive' ? file.bytes : 0), 0);
}

export function totalRows(manifest: Manifest): number | undefined {
  const counts = manifest.tables.map((table) => table.rows);
  return counts.some((rows) => rows === null)
    ? undefined
    : counts.reduce<number>((sum, rows) => sum + (rows ?? 0), 0);
}
