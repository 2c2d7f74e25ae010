import * as z from 'zod';
import { PgproofError } from '../errors.ts';
import { type Contradiction, nothingBeside } from './contradiction.ts';
import { passwordPlace } from './secret-in-url.ts';
import {
  anything,
  looseName,
  looseSourceKeys,
  ofLevel,
  ofSourceAlone,
  repeated,
} from './source-contradictions.ts';
import { liesWithin, parseStoreUrl, type StoreLocation } from './store-url.ts';

const text = z.string().optional().catch(undefined);
const placeKeys = {
  name: looseName,
  url: text,
  endpoint: anything,
  region: anything,
  pathStyle: anything,
  profile: anything,
  accessKey: anything,
  kmsKeyArn: anything,
  storageClass: anything,
  partLimit: anything,
  objectLock: anything,
  prune: z.object({ verified: anything }).optional().catch(undefined),
};
const source = z.object({
  ...looseSourceKeys,
  url: text,
  store: text,
  sslMode: anything,
  caFile: anything,
  maintenanceDatabase: anything,
});
/** A configuration as far as it can be read. */
const looseNight = z.object({
  sources: z.array(source.catch({ schedules: [] })).catch([]),
  stores: z.array(z.object(placeKeys).catch({})).catch([]),
  copies: z.array(z.object({ ...placeKeys, from: text }).catch({})).catch([]),
  prune: z.object({ verified: anything }).optional().catch(undefined),
  verify: z
    .object({ level: anything, without: z.array(z.unknown()).optional().catch(undefined) })
    .catch({})
    .default({}),
  backupLog: z.object({ url: text }).optional().catch(undefined),
});
type LooseNight = z.infer<typeof looseNight>;
type Place = LooseNight['stores'][number];

/** Everything in pgproof.yaml that contradicts itself, whatever else is wrong with it. */
export function nightContradictions(raw: unknown): Contradiction[] {
  const result = looseNight.safeParse(raw);
  if (!result.success) return [];
  const night = result.data;
  return [
    ...night.sources.flatMap((one, index) => [...ofConnection(one, index), ...ofSourceAlone(one, index)]),
    ...repeated(night.sources, lowerCase).map((index) => ({
      path: ['sources', index, 'name'],
      expected: 'a name that no other source has, upper case or lower',
      fix: 'Choose another name: backups of one name are backups of one server.',
    })),
    ...ofReferences(night),
    ...ofPlaces(night),
    ...ofLevel(night),
    ...ofVerified(night),
    ...ofBackupLog(night),
  ];
}

/** There are file systems that see no difference. */
const lowerCase = (name: string): string => name.toLowerCase();

/** What a connection string says already. Without one the keys say it, or libpq's environment. */
function ofConnection({ url, ...entry }: LooseNight['sources'][number], index: number): Contradiction[] {
  if (url === undefined) return [];
  const said = {
    host: true,
    port: true,
    sslMode: /\bsslmode\s*=/.test(url),
    caFile: /\bsslrootcert\s*=/.test(url),
    maintenanceDatabase: /\bdbname\s*=|:\/\/[^/?]*\/[^?]/.test(url),
  } as const;
  return (Object.keys(said) as (keyof typeof said)[])
    .filter((key) => said[key] && entry[key] !== undefined)
    .map((key) =>
      nothingBeside(
        ['sources', index, key],
        'url',
        `Say it in url alone, or leave url out and say all in keys.`,
      ),
    );
}

function ofReferences({ sources, stores, copies }: LooseNight): Contradiction[] {
  const known = stores.flatMap(({ name }) => (name === undefined ? [] : [name]));
  const list = known.join(', ');
  const problems = (
    entries: readonly (string | undefined)[],
    key: 'store' | 'from',
    of: string,
  ): Contradiction[] =>
    entries.flatMap((asked, index) => {
      const path = [of, index, key];
      if (asked === undefined)
        return stores.length < 2
          ? []
          : [{ path, expected: `one of the stores ${list}`, fix: 'There are several: say which.' }];
      if (known.includes(asked)) return [];
      return [{ path, expected: `one of the stores ${list}`, fix: 'Correct the name, or add such a store.' }];
    });
  return [
    ...problems(
      sources.map(({ store }) => store),
      'store',
      'sources',
    ),
    ...problems(
      copies.map(({ from }) => from),
      'from',
      'copies',
    ),
  ];
}

type Located = { readonly path: readonly (string | number)[]; readonly place: Place };

function ofPlaces({ stores, copies }: LooseNight): Contradiction[] {
  const places: readonly Located[] = [
    ...stores.map((place, index) => ({ path: ['stores', index], place })),
    ...copies.map((place, index) => ({ path: ['copies', index], place })),
  ];
  const names = repeated(
    places.map(({ place }) => place),
    lowerCase,
  );
  const taken = names.flatMap((index): Contradiction[] => {
    const path = places[index]?.path;
    if (path === undefined) return [];
    return [
      {
        path: [...path, 'name'],
        expected: 'a name that no other store and no other copy has, upper case or lower',
        fix: 'Choose another name.',
      },
    ];
  });
  return [...taken, ...places.flatMap(ofPlace), ...overlaps(places)];
}

const ofBuckets = [
  'endpoint',
  'region',
  'pathStyle',
  'profile',
  'accessKey',
  'kmsKeyArn',
  'storageClass',
  'partLimit',
  'objectLock',
] as const;

function ofPlace({ path, place }: Located): Contradiction[] {
  const location = locationOf(place);
  const found: Contradiction[] = [];
  if (place.profile !== undefined && place.accessKey !== undefined)
    found.push(
      nothingBeside([...path, 'accessKey'], 'profile', 'Either of them says who pgproof is: remove one.'),
    );
  if (location?.kind !== 'file') return found;
  const foreign = ofBuckets.filter((key) => place[key] !== undefined);
  return [
    ...found,
    ...foreign.map((key) => ({
      path: [...path, key],
      expected: 'nothing for a directory',
      fix: 'Only s3:// stores have that: remove it, or correct url.',
    })),
  ];
}

/** What is wrong with a URL by itself is said elsewhere. */
function locationOf({ url }: Place): StoreLocation | undefined {
  if (url === undefined) return undefined;
  try {
    return parseStoreUrl(url);
  } catch (error: unknown) {
    if (error instanceof PgproofError) return undefined;
    throw error;
  }
}

/** Two services may each have a bucket of one name. */
function isSameService(one: Place, other: Place): boolean {
  return one.endpoint === other.endpoint;
}

function overlaps(places: readonly Located[]): Contradiction[] {
  return places.flatMap(({ path, place }, index) => {
    const location = locationOf(place);
    if (location === undefined) return [];
    const other = places.slice(0, index).find((earlier) => {
      const its = locationOf(earlier.place);
      return (
        its !== undefined &&
        (its.kind === 'file' || isSameService(place, earlier.place)) &&
        (liesWithin(location, its) || liesWithin(its, location))
      );
    });
    if (other === undefined) return [];
    const called = other.place.name ?? other.path.join(' ');
    return [
      {
        path: [...path, 'url'],
        expected: `a place apart from that of ${called}: not the same, and neither within the other`,
        fix: 'What lies in one is listed and deleted with the other: choose another bucket, prefix or directory.',
      },
    ];
  });
}

/** Where nothing is verified, a rule that counts verified backups alone would keep everything for ever. */
function ofVerified({ verify, prune, stores, copies }: LooseNight): Contradiction[] {
  if (verify.level !== 'none') return [];
  const policies = [
    { path: ['prune'] as readonly (string | number)[], policy: prune },
    ...stores.map((one, index) => ({ path: ['stores', index, 'prune'], policy: one.prune })),
    ...copies.map((one, index) => ({ path: ['copies', index, 'prune'], policy: one.prune })),
  ];
  return policies
    .filter(({ policy }) => policy !== undefined && policy.verified !== false)
    .map(({ path }) => ({
      path: [...path, 'verified'],
      expected: 'false with verify.level none: no backup would ever count as good',
      fix: 'Verify, or write verified: false.',
    }));
}

function ofBackupLog({ backupLog }: LooseNight): Contradiction[] {
  if (backupLog?.url === undefined || passwordPlace(backupLog.url) === undefined) return [];
  return [
    {
      path: ['backupLog', 'url'],
      expected: 'no password in it',
      fix: 'Leave the password out: backupLog.password says where it lies.',
    },
  ];
}
