/** What somebody probably meant who named a store otherwise than it is named: what it is, and how to write it. */
export type Meant = { readonly what: string; readonly fix: string };

/** A bucket and a prefix as they stand in a URL, percent-encoded or not. */
const bucketAndPrefix = '([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])((?:/[^?#]*)?)(?:[?#].*)?$';
const amazon = 'amazonaws\\.com(?:\\.cn)?';

type Form = {
  readonly is: RegExp;
  readonly meant: (match: readonly string[], url: string) => Meant;
};

const asS3 = (what: string, [, bucket = '', prefix = '']: readonly string[]): Meant => ({
  what,
  fix: `Write s3://${bucket}${prefix.replace(/\/+$/, '')}`,
});

/** Also with `s3:`, without the slashes, with one or three of them. */
const misspelt = 'The scheme of a store URL is followed by // and the bucket';
const notExpanded = 'A ~ is not expanded in the name of a store';

const server: Meant = {
  what: 'This is the URL of a PostgreSQL server, and not of a store',
  fix: 'A server is named with --source.',
};
const wrapped: Meant = {
  what: 'There is a blank, a line break or a quote at an end of the URL of a store',
  fix: 'Write it without; in a name a blank is %20.',
};

const forms: readonly Form[] = [
  {
    is: /^(?:file:\/*|\\\\\?\\)?([A-Za-z]):[\\/](?!\/)([^\0:]*)$/,
    meant: ([, drive = '', rest = '']) => ({
      what: 'A store is not given as a path of Windows',
      fix: `pgproof runs on Linux and macOS; in the Windows Subsystem for Linux that directory is file:///mnt/${drive.toLowerCase()}/${encodeURI(rest.replaceAll('\\', '/'))}`,
    }),
  },
  {
    is: /^\\\\[^\\]/,
    meant: () => ({
      what: 'A store is not given as a path of Windows',
      fix: 'Mount that share, and write where it is mounted: file:///mnt/share/directory.',
    }),
  },
  {
    is: /^(?:file:\/*)?~([^/:]*)((?:\/[^:]*)?)$/s,
    meant: ([, user = '', rest = '']) => ({
      what: notExpanded,
      fix:
        user === ''
          ? `Let the shell put in the directory: "file://$HOME${rest}", or write it out: file:///home/you${rest}`
          : `Write the directory out: file:///home/${user}${rest}`,
    }),
  },
  {
    is: new RegExp(`^s3[an]?:?/{0,3}${bucketAndPrefix}`, 'i'),
    meant: (match) => asS3(misspelt, match),
  },
  {
    is: new RegExp(`^arn:aws[\\w-]*:s3:::${bucketAndPrefix}`),
    meant: (match) => asS3('A store is not given by the ARN of its bucket', match),
  },
  {
    is: new RegExp(`^(?:https?://)?s3[.-](?:[a-z0-9-]+\\.)*${amazon}/${bucketAndPrefix}`, 'i'),
    meant: (match) => asS3('A bucket is not given by its address on the web', match),
  },
  {
    is: new RegExp(
      `^(?:https?://)?([A-Za-z0-9][A-Za-z0-9.-]*?)\\.s3[.-](?:[a-z0-9-]+\\.)*?${amazon}((?:/[^?#]*)?)(?:[?#].*)?$`,
      'i',
    ),
    meant: (match) => asS3('A bucket is not given by its address on the web', match),
  },
  {
    is: /^https?:\/\/(?:[a-z0-9-]+\.)*console\.(?:aws\.amazon\.com|amazonaws\.cn)\/s3\/(?:buckets|object)\/([A-Za-z0-9._-]+)(?:\?(?:.*&)?prefix=([^&#]*))?/i,
    meant: ([, bucket = '', prefix = '']) =>
      asS3('A bucket is not given by its page in the console', [
        '',
        bucket,
        prefix === '' ? '' : `/${prefix}`,
      ]),
  },
  {
    is: new RegExp(`^(?:gs|gcs)://${bucketAndPrefix}`, 'i'),
    meant: (match) => ({
      what: 'Google Cloud Storage is reached by its S3 interface',
      fix: `${asS3('', match).fix} and set the endpoint: --endpoint https://storage.googleapis.com (endpoint in a configuration); with `,
    }),
  },
  {
    is: new RegExp(`^(https?://[A-Za-z0-9.-]+(?::\\d+)?)/${bucketAndPrefix}`, 'i'),
    meant: ([, endpoint = '', ...rest]) => ({
      what: 'A bucket of a service that speaks the S3 API is not given by its address on the web',
      fix: `Name the service and set the endpoint: ${asS3('', ['', ...rest]).fix.replace('Write', 'write')} with --endpoint ${endpoint} (endpoint in a configuration).`,
    }),
  },
  {
    is: /^(az|azure|abfss?|wasbs?|swift|sftp|ssh|scp|ftps?|rsync|webdav|davs?|smb|nfs|rclone|b2):/i,
    meant: ([, scheme]) => ({
      what: `There is no store with the scheme ${scheme}`,
      fix: 'For services that speak the S3 API write s3:// and set the endpoint; what can be mounted is a directory: file:///mnt/backups.',
    }),
  },
  {
    is: /^file:(?!\/\/)(\/[^?#:]*)$/i,
    meant: ([, path = '']) => ({
      what: 'A file store has three slashes: two, and that of the directory',
      fix: `Write file://${path}`,
    }),
  },
  {
    is: /^file:\/\/(?!localhost\/)([^/?#:][^?#:]*)$/i,
    meant: ([, path = '']) => ({
      what: 'A file store needs an absolute directory, with three slashes',
      fix: path.startsWith('.')
        ? `Let the shell put in the directory that you are in: "file://$PWD/${path.replace(/^\.\//, '')}"`
        : `Write three slashes: file:///${path}, or "file://$PWD/${path}" for a directory below the one that you are in.`,
    }),
  },
  {
    is: /^(\/[^\0:]*)$/s,
    meant: ([, path = '']) => ({
      what: 'A store is not given as a URL',
      fix: `Write file://${encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')}`,
    }),
  },
  {
    is: /^(\.{1,2}(?:\/[^:]*)?)$/s,
    meant: ([, path = '']) => ({
      what: 'A store is not given as a URL',
      fix: `For a directory write file:///abs/path, here perhaps "file://$PWD/${path.replace(/^\.\/?/, '')}"`,
    }),
  },
];

/**
 * What is meant by a store that is not written as one: `s3:/bucket`, `~/backups`, an address of a bucket on the web.
 * Undefined where nobody can say, and where an @ may stand behind somebody's credentials: of those nothing is repeated.
 */
export function meantBy(url: string): Meant | undefined {
  if (/^postgres(?:ql)?:/i.test(url)) return server;
  if (/^[\s"'<]|\s$/.test(url)) return wrapped;
  if (url.includes('@')) return undefined;
  for (const { is, meant } of forms) {
    const match = is.exec(url);
    if (match !== null)
      return meant(
        match.map((part) => part ?? ''),
        url,
      );
  }
  return undefined;
}
