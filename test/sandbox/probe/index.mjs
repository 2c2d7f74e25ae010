// A function that does what it is told, also what a function should not do.
import { access, appendFile, rm, writeFile } from 'node:fs/promises';
import { arch, homedir, userInfo } from 'node:os';
import { setTimeout } from 'node:timers/promises';

const kept = [];

export async function handler({ write, fill, megabytes = 0, sleepSeconds = 0 }) {
  if (write !== undefined) await writeFile(write, 'x');
  if (fill !== undefined) await fillUp(fill);
  // Filled, or the kernel gives nothing but a promise.
  for (let n = 0; n < megabytes; n += 1) kept.push(new Array(131_072).fill(n));
  await setTimeout(sleepSeconds * 1_000);
  const hasHome = await access(homedir()).then(
    () => true,
    () => false,
  );
  return { node: process.version, arch: arch(), uid: userInfo().uid, hasHome };
}

/** How many MB a file can have. */
async function fillUp(path) {
  let written = 0;
  try {
    for (;;) {
      await appendFile(path, Buffer.alloc(1024 * 1024));
      written += 1;
    }
  } catch (error) {
    throw new Error(`${error.code} after ${written} MB`);
  } finally {
    await rm(path, { force: true });
  }
}
