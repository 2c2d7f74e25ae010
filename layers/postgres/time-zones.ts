import { readFile, writeFile } from 'node:fs/promises';

/** Where distributions have PostgreSQL read its time zones from; no setting or variable leads elsewhere. */
const systemDirectory = '/usr/share/zoneinfo';

/** The descriptor on which a program's wrapper holds the layer's own directory of time zones open. */
export const timeZoneDescriptor = 9;

/** As long as {@link systemDirectory}, so that nothing in the program moves. */
const layerDirectory = `/proc/self/fd/////${timeZoneDescriptor}`;

/**
 * Has a program of the server read the time zones of its own layer, as the system that it will run on may have none.
 * Its constant path is replaced by one of the same length that leads through an open directory.
 *
 * @returns whether it was done; not where the program has no such path, or more than one
 */
export async function redirectTimeZones(program: string): Promise<boolean> {
  const bytes = await readFile(program);
  const redirected = replaceConstant(bytes, systemDirectory, layerDirectory);
  if (redirected === undefined) return false;
  await writeFile(program, redirected);
  return true;
}

/** Replaces a string constant (zero bytes around it) of which there is exactly one, by one of the same length. */
export function replaceConstant(bytes: Buffer, from: string, to: string): Buffer | undefined {
  const constant = Buffer.from(`\0${from}\0`);
  const at = bytes.indexOf(constant);
  if (at === -1 || bytes.indexOf(constant, at + 1) !== -1 || from.length !== to.length) return undefined;
  const copy = Buffer.from(bytes);
  copy.write(to, at + 1, 'latin1');
  return copy;
}
