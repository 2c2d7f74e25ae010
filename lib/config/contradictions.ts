import * as z from 'zod';
import { checksBytes, checksLimitBytes } from '../../functions/verify/contract.ts';

/** Keys that are each right, but not together. */
export type Contradiction = {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly fix: string;
};

// The schema stops at the first layer that is wrong; these readers take whatever is there, so that
// contradictions are reported together with misspelt keys.
const anything = z.unknown().optional();
const name = z.string().optional().catch(undefined);
const schedule = z.object({
  name,
  format: anything,
  jobs: anything,
  rows: anything,
  databases: anything,
  excludeDatabases: anything,
});
const source = z.object({
  name,
  secretArn: anything,
  secretKmsKeyArn: anything,
  iam: anything,
  host: anything,
  port: anything,
  databases: anything,
  excludeDatabases: anything,
  checks: anything,
  fingerprint: anything,
  schedules: z.array(schedule.catch({})).catch([]),
});
const bucket = z.object({
  name: anything,
  existing: anything,
  transition: z.object({ storageClass: anything, afterDays: anything }).optional().catch(undefined),
  abortIncompleteUploadsAfterDays: anything,
  keepDeletedVersionsDays: anything,
});
const network = z.object({ endpoints: anything, routeTableIds: anything });
const layer = z.object({ majors: anything, arn: anything });
const verify = z.object({
  level: anything,
  postgresMajor: anything,
  extensions: anything,
  locales: anything,
  layerArn: anything,
});
const restore = z.object({ enabled: anything, secretArns: anything, secretKmsKeyArn: anything });
const reader = z.object({
  sources: z.array(source.catch({ schedules: [] })).catch([]),
  bucket: bucket.catch({}).default({}),
  network: network.catch({}).default({}),
  layer: layer.catch({}).default({}),
  verify: verify.catch({}).default({}),
  restore: restore.catch({}).default({}),
});
type Loose = z.infer<typeof reader>;
type LooseSource = Loose['sources'][number];

/** The indices of names that an earlier entry has already. */
function repeated(entries: readonly { readonly name?: string | undefined }[]): number[] {
  const seen = new Set<string>();
  return entries.flatMap((entry, index) => {
    if (entry.name === undefined) return [];
    if (seen.has(entry.name)) return [index];
    seen.add(entry.name);
    return [];
  });
}

function bothLists(
  path: Contradiction['path'],
  entry: { databases?: unknown; excludeDatabases?: unknown },
): Contradiction[] {
  if (entry.databases === undefined || entry.excludeDatabases === undefined) return [];
  return [
    {
      path: [...path, 'excludeDatabases'],
      expected: 'either databases or excludeDatabases',
      fix: 'Remove one of the two.',
    },
  ];
}

function ofSource(entry: LooseSource, index: number): Contradiction[] {
  const path = ['sources', index] as const;
  const found: Contradiction[] = [...bothLists(path, entry)];
  if ((entry.secretArn === undefined) === (entry.iam === undefined)) {
    found.push({
      path,
      expected: 'secretArn or iam, not both and not neither',
      fix: 'Give the ARN of a secret with the password, or iam to connect with a token.',
    });
  }
  if (entry.iam !== undefined) {
    for (const key of ['secretKmsKeyArn', 'host', 'port'] as const) {
      if (entry[key] === undefined) continue;
      found.push({
        path: [...path, key],
        expected: 'nothing beside iam',
        fix: key === 'secretKmsKeyArn' ? 'Remove it.' : `Move it into iam.`,
      });
    }
  }
  if (checksBytes(entry.checks ?? []) > checksLimitBytes) {
    found.push({
      path: [...path, 'checks'],
      expected: `at most ${checksLimitBytes} bytes as JSON: a function's environment holds 4 KB`,
      fix: 'Make them views or functions in the database, and call these.',
    });
  }
  for (const position of repeated(entry.schedules)) {
    found.push({
      path: [...path, 'schedules', position, 'name'],
      expected: 'a name that no other schedule of this source has',
      fix: 'Choose another name.',
    });
  }
  entry.schedules.forEach((plan, position) => {
    if (entry.fingerprint === true && plan.rows === 'none') {
      found.push({
        path: [...path, 'schedules', position, 'rows'],
        expected: 'exact, with fingerprint',
        fix: 'Fingerprints are taken while rows are counted: remove one of the two.',
      });
    }
    found.push(...bothLists([...path, 'schedules', position], plan));
    if (typeof plan.jobs === 'number' && plan.jobs > 1 && plan.format !== 'directory') {
      found.push({
        path: [...path, 'schedules', position, 'jobs'],
        expected: '1, or format directory',
        fix: 'Only the directory format can be written by several workers: set "format": "directory".',
      });
    }
  });
  return found;
}

function ofBucket(entry: Loose['bucket']): Contradiction[] {
  const found: Contradiction[] = [];
  if (entry.existing !== undefined) {
    const keys = [
      'name',
      'transition',
      'abortIncompleteUploadsAfterDays',
      'keepDeletedVersionsDays',
    ] as const;
    for (const key of keys) {
      if (entry[key] === undefined) continue;
      found.push({
        path: ['bucket', key],
        expected: 'nothing beside existing',
        fix: 'Your own bucket keeps its own settings: remove this key, or existing.',
      });
    }
  }
  const { storageClass, afterDays } = entry.transition ?? {};
  const infrequent = storageClass === 'STANDARD_IA' || storageClass === 'ONEZONE_IA';
  if (infrequent && typeof afterDays === 'number' && afterDays < 30) {
    found.push({
      path: ['bucket', 'transition', 'afterDays'],
      expected: `at least 30 for ${storageClass}`,
      fix: 'S3 refuses less; set 30 or more, or take GLACIER_IR or INTELLIGENT_TIERING.',
    });
  }
  return found;
}

/** Everything in the configuration that contradicts itself, whatever else is wrong with it. */
export function contradictions(raw: unknown): Contradiction[] {
  const result = reader.safeParse(raw);
  if (!result.success) return [];
  const { sources, bucket: place, network: wires, layer: binaries, verify: proof, restore } = result.data;
  const found = [...sources.flatMap(ofSource), ...ofBucket(place)];
  for (const index of repeated(sources)) {
    found.push({
      path: ['sources', index, 'name'],
      expected: 'a name that no other source has',
      fix: 'Choose another name: backups of one name are backups of one server.',
    });
  }
  if ((wires.endpoints === true) !== (wires.routeTableIds !== undefined)) {
    found.push({
      path: ['network', 'routeTableIds'],
      expected: 'route tables if, and only if, endpoints is true',
      fix: 'Give the route tables of the subnets together with "endpoints": true.',
    });
  }
  if (binaries.arn !== undefined && binaries.majors !== undefined) {
    found.push({
      path: ['layer', 'majors'],
      expected: 'nothing beside arn',
      fix: 'Your own layer has the majors that it has: remove this key, or arn.',
    });
  }
  for (const key of ['postgresMajor', 'extensions', 'locales'] as const) {
    if (proof.layerArn === undefined || proof[key] === undefined) continue;
    found.push({
      path: ['verify', key],
      expected: 'nothing beside layerArn',
      fix: 'Your own layer has what it has: remove this key, or layerArn.',
    });
  }
  if (proof.level === 'checksum' || proof.level === 'read') {
    sources.forEach(({ checks }, index) => {
      if (checks === undefined) return;
      found.push({
        path: ['sources', index, 'checks'],
        expected: `none with verify.level ${proof.level}: they are asked of a restored database`,
        fix: 'Set verify.level to auto or restore, or remove them.',
      });
    });
  }
  if (restore.secretKmsKeyArn !== undefined && restore.secretArns === undefined) {
    found.push({
      path: ['restore', 'secretKmsKeyArn'],
      expected: 'nothing without restore.secretArns',
      fix: "Name the secrets that it encrypts; the key of a source's own is sources[].secretKmsKeyArn.",
    });
  }
  if (restore.enabled === true && restore.secretArns === undefined) {
    sources.forEach(({ iam }, index) => {
      if (iam === undefined) return;
      found.push({
        path: ['restore', 'secretArns'],
        expected: `a secret to log in with, for sources[${index}] has none`,
        fix: 'A restore needs a role with more rights than a backup: name its secret.',
      });
    });
  }
  return found;
}
