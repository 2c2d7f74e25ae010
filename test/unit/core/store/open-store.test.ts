import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../core/errors.ts';
import { openBucket } from '../../../../core/store/open-bucket.ts';
import { openStore } from '../../../../core/store/open-store.ts';
import { parseStoreUrl } from '../../../../core/store/store-url.ts';

describe('parseStoreUrl', () => {
  it.each([
    ['s3://backups', { kind: 's3', bucket: 'backups', prefix: '' }],
    ['s3://backups/', { kind: 's3', bucket: 'backups', prefix: '' }],
    ['s3://backups/a/b', { kind: 's3', bucket: 'backups', prefix: 'a/b' }],
    ['s3://backups//a//b//', { kind: 's3', bucket: 'backups', prefix: 'a/b' }],
    ['S3://my.bucket-1/a%20b/%25', { kind: 's3', bucket: 'my.bucket-1', prefix: 'a b/%' }],
    ['file:///var/backups', { kind: 'file', directory: '/var/backups' }],
    ['file:///var/backups/', { kind: 'file', directory: '/var/backups' }],
    ['file://localhost/var/backups', { kind: 'file', directory: '/var/backups' }],
    ['file:///a%20b/%C3%BC%3F', { kind: 'file', directory: '/a b/ü?' }],
  ])('reads %s', (url, location) => {
    expect(parseStoreUrl(url)).toEqual(location);
  });

  it.each([
    ['/var/backups', 'Write file:///var/backups'],
    ['./backups', 'write file:///abs/path'],
    ['backups', 'write file:///abs/path'],
    ['', 'write file:///abs/path'],
    ['file://backups/x', 'three slashes'],
    ['file:backups', 'file:///abs/path'],
    ['file://', 'three slashes'],
    ['file:///', 'directory of its own'],
    ['file:///a%2Fb', 'no %2F'],
    ['file:///a%zz', '%25'],
    ['file:///a%00b', 'NUL'],
    ['file:///a?mode=1', 'takes no ?'],
    ['s3://backups/a?region=x', 'takes no ?'],
    ['s3://backups/a#b', 'takes no ?'],
    ['s3://', 'Write the bucket alone'],
    ['s3:///a', 'Write the bucket alone'],
    ['s3://b*d/a', 'Write the bucket alone'],
    ['s3://backups/%zz', '%25'],
    ['s3://backups/a/../b', 'Write the prefix out'],
    ['gs://backups/a', 'set the endpoint'],
    ['https://host/bucket', 'set the endpoint'],
  ])('refuses %s and says what to do', (url, fix) => {
    expect(() => parseStoreUrl(url)).toThrow(UsageError);
    expect(() => parseStoreUrl(url)).toThrow(fix);
  });

  it.each([
    's3://key:canary@backups/a',
    's3://key:can/canary@backups/a',
    's3://key/canary@backups/a',
    's3://key:canary',
    's3://key:can@canary@backups',
    's3://key:can?canary@backups',
    's3://key:can#canary@backups',
    's3://backups/a?X-Amz-Signature=canary',
    's3:/key:canary@backups',
    'key:canary@backups',
    '/key:canary@backups',
    'https://key:canary@host/backups',
    'https://key:can/canary@host/backups',
    'postgresql://me:can/canary@host/db',
    'file://me:canary@host/x',
    'file://canary@host/x',
  ])('shows nothing of %s, which may have a password in it', (url) => {
    expect(() => parseStoreUrl(url)).toThrow(UsageError);
    expect(() => parseStoreUrl(url)).toThrow(/^(?!.*(canary|hunter2)).*$/s);
  });

  it('takes an @ in a directory, and encoded in a prefix', () => {
    expect(parseStoreUrl('file:///home/@me')).toEqual({ kind: 'file', directory: '/home/@me' });
    expect(parseStoreUrl('s3://backups/%40me')).toEqual({ kind: 's3', bucket: 'backups', prefix: '@me' });
    expect(openStore('s3://backups/%40me', { region: 'us-east-1' }).url).toBe('s3://backups/%40me');
  });

  it('reads back any prefix and directory', () => {
    const segment = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !/[/\0]|^\.\.?$/.test(text));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const path = segments.map((text) => encodeURIComponent(text)).join('/');
        expect(parseStoreUrl(`s3://backups/${path}`)).toMatchObject({ prefix: segments.join('/') });
        expect(parseStoreUrl(`file:///${path}`)).toMatchObject({ directory: `/${segments.join('/')}` });
      }),
    );
  });
});

describe('openStore', () => {
  it('refuses an endpoint that is no URL', () => {
    expect(() => openStore('s3://backups/a', { endpoint: 'minio:9000' })).toThrow(/https:\/\/host/);
    expect(() => openStore('s3://backups/a', { endpoint: 'localhost' })).toThrow(UsageError);
  });

  it('names the store without credentials', () => {
    const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'hunter2' };
    expect(openStore('s3://backups/a b', { region: 'us-east-1', credentials }).url).toBe(
      's3://backups/a%20b',
    );
  });
});

it('openBucket opens buckets, and nothing else', () => {
  expect(openBucket('s3://backups/a', { region: 'us-east-1' }).url).toBe('s3://backups/a');
  expect(() => openBucket('file:///backups')).toThrow(/no bucket.*a file store/);
  expect(() => openBucket('file:///backups')).toThrow(UsageError);
});
