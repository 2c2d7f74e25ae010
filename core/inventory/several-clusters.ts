import { PgproofError } from '../errors.ts';
import { type BackupId, encodeName, formatId } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { describeServer } from '../postgres/connect/parameters.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import { clusterOf, type ListEntry } from './entry.ts';
import { listOne } from './find-backups.ts';
import { whyPassedOver } from './passed-over.ts';
import { readEntry } from './read-entry.ts';
import { readListed } from './read-listed.ts';

/** One of several clusters that were backed up under one name. */
export type ClusterOfName = {
  readonly systemIdentifier: string;
  /** Where it was when that backup was made; undefined where the manifest does not say. */
  readonly server: string | undefined;
  /** Its newest good backup, or, where none was found, its newest. */
  readonly id: string;
  readonly startedAt: string;
  readonly isGood: boolean;
};

/** Two clusters were backed up under one name within the newest few: `latest` would be anybody's. */
export class SeveralClusters extends PgproofError {
  override readonly name = 'SeveralClusters';
  readonly clusters: readonly ClusterOfName[];

  constructor(name: string, url: string, clusters: readonly ClusterOfName[]) {
    const flags = clusters.map(({ systemIdentifier }) => `--cluster ${systemIdentifier}`);
    super({
      what: `${clusters.length} clusters were backed up under the name ${name} in ${url}: its latest could be of any`,
      got: clusters.map(described).join('; '),
      fix: `Say which is meant: ${flags.join(' or ')} ("cluster" in a function's event), or name the backup by its id. Then give each cluster a --name of its own.`,
    });
    this.clusters = clusters;
  }
}

function described({ systemIdentifier, server, id, startedAt, isGood }: ClusterOfName): string {
  const which = isGood ? 'its newest good backup' : 'no good backup was found of it, its newest';
  return `${server ?? 'a server that is not recorded'} (system identifier ${systemIdentifier}), ${which} is ${id} of ${startedAt}`;
}

/** Which clusters were backed up under one name, as the backups are looked at: the newest first. */
export class Clusters {
  /** The one that was asked for. */
  readonly asked: string | undefined;
  readonly #found: (string | undefined)[] = [];
  #oldest: string | undefined;

  constructor(asked: string | undefined) {
    this.asked = asked;
  }

  /** How many backups were looked at. */
  get count(): number {
    return this.#found.length;
  }

  /** The one that the last that was looked at is of. */
  get oldest(): string | undefined {
    return this.#oldest;
  }

  get all(): readonly string[] {
    return this.among(this.count);
  }

  /** The clusters of so many newest backups. */
  among(newest: number): readonly string[] {
    return [...new Set(this.#found.slice(0, newest))].filter((one) => one !== undefined);
  }

  /** @returns whether it is of the cluster that is wanted; undefined where one was asked for and this does not say */
  add(cluster: string | undefined): boolean | undefined {
    // Identifiers came with a version of pgproof: what has none is older than what has one.
    const own = cluster ?? this.#oldest;
    this.#found.push(own);
    this.#oldest = own;
    if (own === undefined) return this.asked === undefined ? true : undefined;
    return own === (this.asked ?? this.all[0]);
  }
}

/** So far back is looked for the newest good one of each. */
const mostLooks = 60;

/** The question with what there is to choose from. */
export async function severalClusters(
  store: Store,
  { source, database }: Pick<BackupId, 'source' | 'database'>,
  {
    ids,
    clusters,
    now,
    signal,
  }: ReadOptions & {
    readonly ids: readonly BackupId[];
    readonly clusters: readonly string[];
    readonly now: Date;
  },
): Promise<SeveralClusters> {
  const good = new Map<string, ListEntry>();
  const newest = new Map<string, ListEntry>();
  const seen = new Clusters(undefined);
  for (const id of ids.slice(0, mostLooks)) {
    if (clusters.every((one) => good.has(one))) break;
    const listed = await listOne(store, id, { signal });
    const entry = listed && (await readListed(store, listed, { signal }));
    if (entry === undefined) continue;
    seen.add(clusterOf(entry));
    const cluster = seen.oldest;
    if (cluster === undefined || !clusters.includes(cluster)) continue;
    if (!newest.has(cluster)) newest.set(cluster, entry);
    const isGood = whyPassedOver(entry, { any: false, partial: false, now }) === undefined;
    if (isGood && !good.has(cluster)) good.set(cluster, entry);
  }
  const told = clusters.flatMap((systemIdentifier) => {
    const entry = good.get(systemIdentifier) ?? newest.get(systemIdentifier);
    return entry === undefined ? [] : [{ systemIdentifier, entry, isGood: good.has(systemIdentifier) }];
  });
  const described = await Promise.all(
    told.map(async ({ systemIdentifier, entry, isGood }) => ({
      systemIdentifier,
      isGood,
      id: formatId(entry.id),
      startedAt: entry.id.startedAt.toISOString(),
      server: await serverOf(store, entry, { signal }),
    })),
  );
  return new SeveralClusters(`${encodeName(source)}/${encodeName(database)}`, store.url, described);
}

/** `db.example.com:5432`, as its manifest has it; the summary does not say. */
async function serverOf(store: Store, entry: ListEntry, options: ReadOptions): Promise<string | undefined> {
  const whole = await readEntry(store, entry, options);
  if (whole === undefined || whole.manifest instanceof Unreadable) return undefined;
  const { host, port = 5432 } = whole.manifest.server;
  return host === undefined ? undefined : oneLine(describeServer({ host, port }), { limit: 200 });
}
