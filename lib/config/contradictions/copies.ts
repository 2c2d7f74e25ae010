import { type Contradiction, nothingBeside } from '../../../core/config/contradiction.ts';
import type { LooseConfig, LooseCopy } from '../loose-config.ts';
import { bucketUrlPattern } from '../schema.ts';

type Place = { readonly bucket: string; readonly prefix: string; readonly service: string };

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A service that is not AWS's own, by its host; '' for S3. AWS has endpoints of its own, whose buckets are the same. */
function serviceOf({ endpoint }: LooseCopy): string {
  const text = textOf(endpoint);
  if (text === undefined || !URL.canParse(text)) return '';
  const { host } = new URL(text);
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(host) ? '' : host;
}

function placeOf(copy: LooseCopy): Place | undefined {
  const [, bucket, prefix = ''] = bucketUrlPattern.exec(textOf(copy.url) ?? '') ?? [];
  return bucket === undefined ? undefined : { bucket, prefix, service: serviceOf(copy) };
}

const isBelow = (prefix: string, above: string): boolean => above === '' || prefix.startsWith(`${above}/`);

/** Whether two places are one, or one lies within the other: each would find the other's objects among its own. */
function meet(one: Place, other: Place): boolean {
  if (one.bucket !== other.bucket || one.service !== other.service) return false;
  return (
    one.prefix === other.prefix || isBelow(one.prefix, other.prefix) || isBelow(other.prefix, one.prefix)
  );
}

/** CloudFormation's names have no hyphens: `eu-1` and `eu1` would be one. */
const inResources = (name: string): string => name.replaceAll('-', '');

function ofPlaces({ bucket, copies }: LooseConfig): Contradiction[] {
  const own = textOf(bucket.existing) ?? textOf(bucket.name);
  const first: Place | undefined =
    own === undefined ? undefined : { bucket: own, prefix: textOf(bucket.prefix) ?? '', service: '' };
  const places = copies.map(placeOf);
  return places.flatMap((place, index) => {
    if (place === undefined) return [];
    const path = ['copies', index, 'url'] as const;
    if (first !== undefined && meet(place, first)) {
      return [
        {
          path,
          expected:
            'another bucket than that of the backups, or a prefix that lies neither in theirs nor around it',
          fix: 'Name a bucket of another account or region: what happens to one must not happen to the other.',
        },
      ];
    }
    const earlier = places.slice(0, index).findIndex((other) => other !== undefined && meet(place, other));
    if (earlier === -1) return [];
    return [
      {
        path,
        expected: `a place of its own, and copies[${earlier}] goes there`,
        fix: 'Give each copy a bucket or a prefix of its own, or remove one of the two.',
      },
    ];
  });
}

function ofNames({ sources, copies }: LooseConfig): Contradiction[] {
  const seen = new Set<string>();
  const found = copies.flatMap(({ name }, index): Contradiction[] => {
    if (name === undefined) return [];
    const isNew = !seen.has(inResources(name));
    seen.add(inResources(name));
    if (isNew) return [];
    const expected = 'a name that no other copy has, hyphens aside';
    return [{ path: ['copies', index, 'name'], expected, fix: 'Choose another name.' }];
  });
  if (copies.length === 0) return found;
  const taken = sources.flatMap(({ name }, index): Contradiction[] =>
    name === 'Copies'
      ? [
          {
            path: ['sources', index, 'name'],
            expected: 'another name: beside copies the stack has a part that is called so',
            fix: 'Choose another name, such as copies.',
          },
        ]
      : [],
  );
  return [...found, ...taken];
}

const regionOf = (arn: unknown): string | undefined => textOf(arn)?.split(':')[3];

function ofCredentials(copy: LooseCopy, index: number): Contradiction[] {
  const path = ['copies', index] as const;
  const found: Contradiction[] = [];
  const { credentialsSecretArn, secretKmsKeyArn, prune } = copy;
  if (credentialsSecretArn === undefined) {
    if (secretKmsKeyArn !== undefined) {
      found.push({
        path: [...path, 'secretKmsKeyArn'],
        expected: 'nothing without credentialsSecretArn',
        fix: 'Name the secret that it encrypts; the key of the bucket is kmsKeyArn.',
      });
    }
    if (prune?.credentialsSecretArn !== undefined) {
      found.push({
        path: [...path, 'prune', 'credentialsSecretArn'],
        expected: 'nothing without copies[].credentialsSecretArn',
        fix: 'Without secrets each of the two functions has a role of its own: remove this key.',
      });
    }
    if (serviceOf(copy) !== '') {
      found.push({
        path: [...path, 'credentialsSecretArn'],
        expected: 'a secret, beside an endpoint that is not AWS’s: a role of AWS is nobody there',
        fix: 'Put {"accessKeyId": "…", "secretAccessKey": "…"} into Secrets Manager, and name the secret.',
      });
    }
  } else if (prune !== undefined && prune.credentialsSecretArn === undefined) {
    found.push({
      path: [...path, 'prune', 'credentialsSecretArn'],
      expected: 'a secret of its own: who copies should not be able to delete',
      fix: 'Make a key for the bucket that may delete; where the service makes no difference, name the same secret.',
    });
  }
  return found;
}

function ofKey(copy: LooseCopy, index: number): Contradiction[] {
  const { kmsKeyArn, region } = copy;
  if (kmsKeyArn === undefined) return [];
  const path = ['copies', index, 'kmsKeyArn'] as const;
  if (serviceOf(copy) !== '') {
    const fix = 'Only S3 knows keys of AWS: set the encryption in the settings of the other service.';
    return [nothingBeside(path, 'an endpoint that is not AWS’s', fix)];
  }
  const keyRegion = regionOf(kmsKeyArn);
  const wanted = textOf(region);
  if (wanted === undefined || keyRegion === undefined || keyRegion === wanted) return [];
  return [
    {
      path,
      expected: `a key in ${wanted}, the region of the bucket`,
      fix: 'S3 takes keys of the bucket’s own region only: correct the key or the region.',
    },
  ];
}

/** What is wrong with copies although each key is right. */
export function ofCopies(config: LooseConfig): Contradiction[] {
  return [
    ...ofPlaces(config),
    ...ofNames(config),
    ...config.copies.flatMap((copy, index) => [...ofCredentials(copy, index), ...ofKey(copy, index)]),
  ];
}
