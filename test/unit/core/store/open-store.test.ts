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
    ['s3:/backups', 'Write s3://backups'],
    ['s3:backups/a', 'Write s3://backups/a'],
    ['s3:///backups', 'Write s3://backups'],
    ['s3a://backups', 'Write s3://backups'],
    ['S3//backups/a/', 'Write s3://backups/a'],
    ['file:/backups', 'Write file:///backups'],
    ['file://./backups', '"file://$PWD/backups"'],
    ['~/backups', '"file://$HOME/backups"'],
    ['file:///~/backups', '"file://$HOME/backups"'],
    ['/a?b#c', 'Write file:///a%3Fb%23c'],
    ['C:/backups', 'file:///mnt/c/backups'],
    ['file:///D:/x y', 'file:///mnt/d/x%20y'],
    ['\\\\server\\share', 'Mount that share'],
    ['https://backups.s3.amazonaws.com/a/b/', 'Write s3://backups/a/b'],
    ['s3.eu-west-1.amazonaws.com/backups', 'Write s3://backups'],
    ['https://eu-west-1.console.aws.amazon.com/s3/buckets/backups?prefix=a/&x=1', 'Write s3://backups/a'],
    ['arn:aws:s3:::backups/a', 'Write s3://backups/a'],
    ['gs://backups/a', 's3://backups/a and set the endpoint: --endpoint https://storage.googleapis.com'],
    ['http://minio:9000/backups', 's3://backups with --endpoint http://minio:9000'],
    ['sftp://host/x', 'can be mounted'],
    [' s3://backups', 'Write it without'],
    ['"s3://backups"', 'Write it without'],
    ['s3://backups/a\n', 'Write it without'],
    ['postgresql://h/db', '--source'],
  ])('tells what %j probably means', (url, fix) => {
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

describe("openBucket, the functions' own", () => {
  it('takes buckets, and no directory', () => {
    expect(openBucket('s3://backups/a%20b', { region: 'us-east-1' }).url).toBe('s3://backups/a%20b');
    expect(() => openBucket('file:///backups')).toThrow(/keep backups in S3 only: a file store/);
    expect(() => openBucket('file:///backups')).toThrow(UsageError);
  });
});
