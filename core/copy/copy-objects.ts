import { formatId, keyOf } from '../manifest/backup-id.ts';
import type { Manifest, StoredFile } from '../manifest/manifest.ts';
import { mapInParallel } from '../process/in-parallel.ts';
import { copyObject, type ObjectContext } from './copy-object.ts';
import type { CopyRequest } from './request.ts';

/** A directory archive may have thousands of files, each of which waits for some answers. */
const smallAtOnce = 8;
/** Together with the buffers of an upload these stay within some hundred MB. Larger ones go one by one. */
const smallBytes = 1024 * 1024;

/**
 * Brings over all that a manifest names.
 *
 * @param onLife is called whenever something moves
 * @returns how many bytes the manifest names
 */
export async function copyObjects(
  { objects }: Manifest,
  { id, from, to, lock, signal, onProgress }: CopyRequest,
  onLife: () => void,
): Promise<number> {
  const lies = new Set<string>();
  for await (const { key } of to.list(`${formatId(id)}/`, { signal })) lies.add(key);
  const isThere = ({ name }: StoredFile): boolean => lies.has(keyOf(id, name));
  const absent = objects.filter((one) => !isThere(one));
  await to.prepare({ expectedBytes: sum(absent), lock: lock?.() !== undefined, signal });
  const totalBytes = sum(objects);
  const moved = { copying: totalBytes - sum(absent), checking: 0 };
  const context: ObjectContext = {
    id,
    from,
    to,
    lock: () => lock?.(),
    signal,
    onBytes: (step, bytes) => {
      moved[step] += bytes;
      onLife();
      onProgress?.({ step, bytes: moved[step], totalBytes });
    },
  };
  const copyOne = (file: StoredFile): Promise<void> => copyObject(file, isThere(file), context);
  const isSmall = ({ bytes }: StoredFile): boolean => bytes <= smallBytes;
  for (const file of objects.filter((one) => !isSmall(one))) await copyOne(file);
  await mapInParallel(objects.filter(isSmall), smallAtOnce, copyOne);
  return totalBytes;
}

function sum(files: readonly StoredFile[]): number {
  return files.reduce((bytes, file) => bytes + file.bytes, 0);
}
