import type { Client } from 'pg';
import type { Manifest } from '../../manifest/manifest.ts';
import { compareObjects } from '../../postgres/objects/compare-objects.ts';
import { readObjects } from '../../postgres/objects/read-objects.ts';
import { plural } from '../../text/units.ts';
import { some } from '../not-compared.ts';
import { firstOf } from './differences.ts';
import type { LeftOut } from './left-out.ts';

export type CatalogComparison = {
  readonly faults: readonly string[];
  readonly limits: readonly string[];
  /** Undefined where the manifest does not say what there was. */
  readonly passed: string | undefined;
  readonly notCompared: readonly string[];
};

/** Compares every object of a restored database with what the source's catalogs said. */
export async function compareCatalog(
  client: Client,
  manifest: Manifest,
  options: { readonly sameMajor: boolean; readonly isDescribed: boolean; readonly leftOut: LeftOut },
): Promise<CatalogComparison> {
  const { catalog, catalogHasUses } = manifest;
  if (catalog === undefined)
    return {
      faults: [],
      limits: [],
      passed: undefined,
      notCompared: ['definitions, owners and grants: not recorded at the source'],
    };
  const { sameMajor, isDescribed, leftOut } = options;
  const changed = catalog.filter(({ digest }) => digest === null);
  const notCompared = some(
    changed.map(
      ({ type, identity }) =>
        `${type} ${identity}: it changed while it was backed up${manifest.partial ? ', or names what was left out' : ''}`,
    ),
  );
  if (!isDescribed)
    notCompared.push('owner, grants and settings of the database itself: they were not restored');
  const found = await readObjects(client);
  const otherVersions = await extensionsOfOtherVersions(client, manifest);
  const faults: string[] = [];
  const unknown: string[] = [];
  const calls: string[] = [];
  const rebound = new Map<string, string[]>();
  for (const difference of compareObjects(catalog, found, { sameMajor, hasUses: catalogHasUses })) {
    const { kind, type, identity } = difference;
    // Nothing has said of it what it is to be.
    if (!isDescribed && /^database\b/.test(type)) continue;
    if (leftOut.mayHold(identity)) unknown.push(`${type} ${identity}`);
    // An extension's other version may have the same under another name.
    else if (kind !== 'calls others') faults.push(`${type} ${identity} ${words[kind]}`);
    else if (otherVersions.length > 0) calls.push(`${type} ${identity}`);
    else {
      const how = `there ${listed(difference.before)}, restored ${listed(difference.now)}`;
      rebound.set(how, [...(rebound.get(how) ?? []), `${type} ${identity}`]);
    }
  }
  for (const [how, names] of rebound)
    faults.push(
      `what reads as at the source and means something else, as it calls other things (${how}): ${names.join(', ')}`,
    );
  const but = isDescribed
    ? ''
    : ', but for owner, grants and settings of the database itself, which were not compared';
  const notes =
    calls.length === 0
      ? ''
      : `; what they call was not compared, as the versions of ${otherVersions.join(', ')} are others: ${firstOf(calls)}`;
  return {
    faults,
    limits: unknown.length > 0 ? [`not compared, as they need what was left out: ${firstOf(unknown)}`] : [],
    passed: `${plural(catalog.length, 'object')} as at the source${but}${notes}`,
    notCompared,
  };
}

async function extensionsOfOtherVersions(client: Client, { extensions }: Manifest): Promise<string[]> {
  const { rows } = await client.query<{ name: string; version: string }>(
    'select extname as name, extversion as version from pg_extension order by extname',
  );
  const recorded = new Map(extensions.map(({ name, version }) => [name, version]));
  return rows
    .filter(({ name, version }) => recorded.has(name) && recorded.get(name) !== version)
    .map(({ name }) => name);
}

const words = {
  missing: 'is missing',
  differs: 'is not as at the source',
  extra: 'was not at the source',
} as const;

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'what is built in' : names.join(' and ');
}
