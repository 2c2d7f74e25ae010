import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from '../store/meter.ts';
import type { InventoryCache } from './cache.ts';

/** Of one store: some tens of thousands of backups. */
const mostBytes = 16 * 1024 * 1024;
/** Of one entry; a summary has some hundred bytes. */
const mostEntryBytes = 16 * 1024;
/** How many stores are remembered; those that were asked longest ago go. */
const mostStores = 16;

/**
 * What is remembered of a store in a directory of this user's: a line per document, with its key, its tag and what was made
 * of it. It may be gone, damaged, of somebody else or not writable at any time, and then is as if it were empty; of two
 * runs that write it at once one is remembered.
 */
export async function openFileCache(directory: string, storeUrl: string): Promise<InventoryCache> {
  const path = join(directory, sha256Of(Buffer.from(storeUrl)));
  const known = await load(path);
  const used = new Map<string, string>();
  let hasNew = false;
  return {
    get: (key, tag) => {
      const name = nameOf(key, tag);
      const text = name === undefined ? undefined : (used.get(name) ?? known.get(name));
      if (name === undefined || text === undefined) return undefined;
      used.set(name, text);
      return parsed(text);
    },
    put: (key, tag, value) => {
      const name = nameOf(key, tag);
      const text = JSON.stringify(value);
      if (name === undefined || text.length > mostEntryBytes) return;
      used.set(name, text);
      hasNew = true;
    },
    save: async () => {
      if (!hasNew) return;
      // No cache is no failure: the next list reads what this one read.
      await write(directory, path, linesOf(used, known)).catch(() => undefined);
    },
  };
}

/** Neither holds a tab: keys are percent-encoded, and a tag is JSON. */
function nameOf(key: string, tag: string | undefined): string | undefined {
  return tag === undefined ? undefined : `${key}\t${tag}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function load(path: string): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  const text = await read(path).catch(() => '');
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf('\t');
    if (at > 0) known.set(line.slice(0, at), line.slice(at + 1));
  }
  return known;
}

async function read(path: string): Promise<string> {
  // A named pipe would keep us, and a link lead elsewhere.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const handle = await open(path, flags);
  try {
    const found = await handle.stat();
    const isOurs = found.isFile() && found.uid === (process.getuid?.() ?? found.uid);
    return isOurs && found.size <= 2 * mostBytes ? await handle.readFile('utf8') : '';
  } finally {
    await handle.close();
  }
}

/** What was used, then what was known: as much as there is room for. What belongs to a document that changed goes. */
function linesOf(used: ReadonlyMap<string, string>, known: ReadonlyMap<string, string>): string {
  const lines: string[] = [];
  const keys = new Set<string>();
  let room = mostBytes;
  for (const [name, text] of [...used, ...known]) {
    const key = name.slice(0, name.indexOf('\t'));
    const line = `${name}\t${text}\n`;
    if (keys.has(key) || line.length > room) continue;
    keys.add(key);
    room -= line.length;
    lines.push(line);
  }
  return lines.join('');
}

async function write(directory: string, path: string, content: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(own, content, { flag: 'wx', mode: 0o600 });
    await rename(own, path);
  } catch (error) {
    await rm(own, { force: true });
    throw error;
  }
  await removeOldest(directory);
}

async function removeOldest(directory: string): Promise<void> {
  const files = await Promise.all(
    (await readdir(directory)).map(async (name) => {
      const path = join(directory, name);
      return { path, at: (await stat(path)).mtimeMs };
    }),
  );
  files.sort((one, other) => other.at - one.at);
  for (const { path } of files.slice(mostStores)) await rm(path, { force: true });
}
