import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { UsageError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { parseStoreUrl } from '../store/store-url.ts';

/**
 * A copy beside the first one, or within its own prefix, is lost with it, and each would find the other's objects among its
 * own. Directories are compared as the file system knows them: by way of a link, or mounted a second time, one is itself.
 *
 * @throws UsageError
 */
export async function refuseOnePlace(from: Store, to: Store): Promise<void> {
  const how = await howTheyMeet(from, to);
  if (how === undefined) return;
  throw new UsageError({
    what: `A copy needs a second place, and the two stores ${how}`,
    got: `${from.url} and ${to.url}`,
    fix: 'Name another bucket or prefix, best in another account or region, or a directory on another disk.',
  });
}

async function howTheyMeet(from: Store, to: Store): Promise<string | undefined> {
  const [one, other] = [parseStoreUrl(from.url), parseStoreUrl(to.url)];
  if (one.kind === 's3' && other.kind === 's3') {
    if (one.bucket !== other.bucket || (await from.service?.()) !== (await to.service?.())) return undefined;
    if (one.prefix === other.prefix) return same;
    return isBelow(one.prefix, other.prefix) || isBelow(other.prefix, one.prefix) ? nested : undefined;
  }
  if (one.kind !== 'file' || other.kind !== 'file') return undefined;
  const [first, second] = [await identitiesOf(one.directory), await identitiesOf(other.directory)];
  if (first.own === second.own) return same;
  return first.above.has(second.own) || second.above.has(first.own) ? nested : undefined;
}

const same = 'are the same';
const nested = 'lie one within the other';

function isBelow(prefix: string, above: string): boolean {
  return above === '' || prefix.startsWith(`${above}/`);
}

type Identities = {
  /** Of the directory, or of the nearest above it that is there, with what is missing below that. */
  readonly own: string;
  readonly above: ReadonlySet<string>;
};

async function identitiesOf(directory: string): Promise<Identities> {
  const { there, missing } = await reallyAt(directory);
  const identities: string[] = [];
  for (let at = there; ; at = dirname(at)) {
    const { dev, ino } = await stat(at, { bigint: true });
    identities.push(`${dev}:${ino}`);
    if (at === dirname(at)) break;
  }
  const [nearest = ''] = identities;
  const below = missing.map((_, index) => [nearest, ...missing.slice(0, index + 1)].join('/'));
  const [own = '', ...above] = [...below.reverse(), ...identities];
  return { own, above: new Set(above) };
}

/** Where a directory really lies, or the nearest above it that is there: what is above a link says nothing. */
async function reallyAt(
  directory: string,
): Promise<{ readonly there: string; readonly missing: readonly string[] }> {
  const missing: string[] = [];
  for (let at = directory; ; at = dirname(at)) {
    const there = await realpath(at).catch(() => undefined);
    if (there !== undefined) return { there, missing };
    // Not even the root may be looked at: then it is compared as it is written.
    if (at === dirname(at)) return { there: at, missing };
    missing.unshift(basename(at));
  }
}
