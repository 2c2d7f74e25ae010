import { UsageError } from '../errors.ts';
import { meantBy } from './store-url-meant.ts';

export type StoreLocation =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'file'; readonly directory: string };

const expected = 's3://bucket/prefix or file:///directory';

function problem(url: string, what: string, fix: string): UsageError {
  return new UsageError({ what, got: shown(url), expected, fix });
}

/** Nothing that may be a piece of somebody's credentials: not a word of what has an @, a ?, a #, or one more colon. */
function shown(url: string): string | undefined {
  const [, scheme = '', rest = url] = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/)?(.*)$/s.exec(url) ?? [];
  if (!/[@:?#]/.test(rest)) return JSON.stringify(url);
  return scheme === '' ? undefined : `${scheme}…`;
}

function withCredentials(url: string): UsageError {
  return problem(
    url,
    'A store URL takes no user and no password, and has an "@" or a colon in it',
    "Credentials come from AWS's own places (environment, profile, role); in a prefix write @ as %40.",
  );
}

function parseS3(url: string, bucket: string, path: string): StoreLocation {
  // Also behind the bucket: with a / in the password the first part of it stands where the bucket should.
  if (/[@:]/.test(bucket) || path.includes('@')) throw withCredentials(url);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(bucket))
    throw problem(
      url,
      'The bucket in a store URL has no valid name',
      'Write the bucket alone: s3://bucket/prefix.',
    );
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw problem(url, 'A store URL is wrongly percent-encoded', 'Write % itself as %25.');
  }
  const segments = decoded.split('/').filter((segment) => segment !== '');
  if (segments.some((segment) => segment === '.' || segment === '..'))
    throw problem(url, 'The prefix in a store URL has . or .. in it', 'Write the prefix out.');
  return { kind: 's3', bucket, prefix: segments.join('/') };
}

function parseFile(url: string, host: string, path: string): StoreLocation {
  if (/[@:]/.test(host)) throw withCredentials(url);
  if ((host !== '' && host !== 'localhost') || path === '')
    throw problem(
      url,
      'A file store needs an absolute directory',
      `Write three slashes: file:///absolute/directory.`,
    );
  let directory: string;
  try {
    const { pathname } = new URL(`file://${path}`);
    if (/%2f/i.test(pathname)) throw new URIError('a slash in a name');
    directory = decodeURIComponent(pathname);
  } catch {
    throw problem(url, 'A store URL is wrongly percent-encoded', 'Write % itself as %25, and no %2F.');
  }
  if (directory.includes('\0'))
    throw problem(url, 'A store URL has a NUL in it', 'Take the %00 out of the directory.');
  const trimmed = directory.replace(/\/+$/, '');
  if (trimmed === '')
    throw problem(
      url,
      'A file store cannot be the root directory',
      'Name a directory of its own for the backups.',
    );
  return { kind: 'file', directory: trimmed };
}

/** What a store's URL says, percent-decoded, without slashes at the ends. @throws UsageError */
export function parseStoreUrl(url: string): StoreLocation {
  const parts = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(.*)$/s.exec(url);
  const [, scheme = '', host = '', path = '', rest = ''] = parts ?? [];
  const isRight =
    !/^[\s"'<]|\s$/.test(url) &&
    (scheme.toLowerCase() === 's3' ? host !== '' : scheme.toLowerCase() === 'file' && isPlace(host, path));
  const meant = isRight ? undefined : meantBy(url);
  if (meant !== undefined) throw problem(url, meant.what, meant.fix);
  if (parts === null)
    throw problem(url, 'A store is not given as a URL', 'For a directory write file:///abs/path.');
  if (rest !== '')
    throw problem(
      url,
      'A store URL takes no ? or # part',
      'Give region, endpoint and the like as settings; write ? as %3F and # as %23 where they belong to a name.',
    );
  switch (scheme.toLowerCase()) {
    case 's3':
      return parseS3(url, host, path);
    case 'file':
      return parseFile(url, host, path);
    default:
      throw problem(
        url,
        `There is no store with the scheme ${scheme}`,
        'For other services that speak the S3 API write s3:// and set the endpoint.',
      );
  }
}

/** A directory of this machine, and none of a Windows machine. */
function isPlace(host: string, path: string): boolean {
  return (host === '' || host === 'localhost') && !/^\/?(?:[A-Za-z]:(?:[\\/]|$)|~)/.test(path);
}

/**
 * Whether a store lies in another, or in the same place. What lies in the inner one would be listed, and
 * deleted, with the outer.
 */
export function liesWithin(one: StoreLocation, other: StoreLocation): boolean {
  const [a, b] = [segmentsOf(one), segmentsOf(other)];
  return a.slice(0, b.length).every((segment, index) => segment === b[index]);
}

function segmentsOf(location: StoreLocation): string[] {
  const [root, path] =
    location.kind === 's3' ? [`s3:${location.bucket}`, location.prefix] : ['file:', location.directory];
  return [root, ...path.split('/').filter((segment) => segment !== '')];
}
