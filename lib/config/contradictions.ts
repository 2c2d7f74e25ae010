import { type Contradiction, nothingBeside } from '../../core/config/contradiction.ts';
import { ofLevel, ofSourceAlone, repeated } from '../../core/config/source-contradictions.ts';
import { checksBytes, checksLimitBytes } from '../../functions/verify/contract.ts';
import { ofCopies } from './contradictions/copies.ts';
import { ofNetworks } from './contradictions/network.ts';
import { type LooseConfig, type LooseSource, looseConfig } from './loose-config.ts';

function ofSource(entry: LooseSource, index: number): Contradiction[] {
  const path = ['sources', index] as const;
  const found: Contradiction[] = [];
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
  return [...found, ...ofSourceAlone(entry, index)];
}

function ofBucket(entry: LooseConfig['bucket']): Contradiction[] {
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
  if (entry.objectLock !== undefined && entry.existing !== undefined) {
    const fix =
      'Object Lock is set on a bucket when it is made: remove this key, or existing for a new bucket that has it.';
    found.push(nothingBeside(['bucket', 'objectLock'], 'existing', fix));
  }
  if (entry.kms === true && entry.existing !== undefined) {
    const fix = 'Your own bucket has its own encryption: name its key with kmsKeyArn, or remove this key.';
    found.push(nothingBeside(['bucket', 'kms'], 'existing', fix));
  }
  if (entry.kms === true && entry.kmsKeyArn !== undefined) {
    const fix = 'Remove kms to use your key, or kmsKeyArn for a new one.';
    found.push(nothingBeside(['bucket', 'kms'], 'kmsKeyArn', fix));
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

/** A layer that is published already is what it is. */
function ofLayers({ layer, verify }: LooseConfig): Contradiction[] {
  const found: Contradiction[] = [];
  if (layer.arn !== undefined && layer.majors !== undefined) {
    found.push({
      path: ['layer', 'majors'],
      expected: 'nothing beside arn',
      fix: 'Your own layer has the majors that it has: remove this key, or arn.',
    });
  }
  for (const key of ['postgresMajor', 'extensions', 'locales'] as const) {
    if (verify.layerArn === undefined || verify[key] === undefined) continue;
    found.push({
      path: ['verify', key],
      expected: 'nothing beside layerArn',
      fix: 'Your own layer has what it has: remove this key, or layerArn.',
    });
  }
  return found;
}

function ofRestore({ sources, restore }: LooseConfig): Contradiction[] {
  if (restore.secretArns !== undefined) return [];
  const found: Contradiction[] = [];
  if (restore.secretKmsKeyArn !== undefined) {
    found.push({
      path: ['restore', 'secretKmsKeyArn'],
      expected: 'nothing without restore.secretArns',
      fix: "Name the secrets that it encrypts; the key of a source's own is sources[].secretKmsKeyArn.",
    });
  }
  sources.forEach(({ iam }, index) => {
    if (restore.enabled !== true || iam === undefined) return;
    found.push({
      path: ['restore', 'secretArns'],
      expected: `a secret to log in with, for sources[${index}] has none`,
      fix: 'A restore needs a role with more rights than a backup: name its secret.',
    });
  });
  return found;
}

/** Everything in the configuration that contradicts itself, whatever else is wrong with it. */
export function contradictions(raw: unknown): Contradiction[] {
  const result = looseConfig.safeParse(raw);
  if (!result.success) return [];
  const config = result.data;
  const sameName = repeated(config.sources).map((index) => ({
    path: ['sources', index, 'name'],
    expected: 'a name that no other source has',
    fix: 'Choose another name: backups of one name are backups of one server.',
  }));
  return [
    ...config.sources.flatMap(ofSource),
    ...ofBucket(config.bucket),
    ...sameName,
    ...ofNetworks(config),
    ...ofLayers(config),
    ...ofLevel(config),
    ...ofRestore(config),
    ...ofCopies(config),
  ];
}
