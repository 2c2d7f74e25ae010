import { codeSpan } from '../text/markdown.ts';
import type { NoteFacts } from './facts.ts';

/** Extensions whose packages are not called after them; `N` is the major version. */
const known: Readonly<Record<string, { readonly debian: string; readonly redHat: string }>> = {
  postgis: { debian: 'postgresql-N-postgis-3', redHat: 'postgis3*_N' },
  postgis_raster: { debian: 'postgresql-N-postgis-3', redHat: 'postgis3*_N' },
  postgis_topology: { debian: 'postgresql-N-postgis-3', redHat: 'postgis3*_N' },
  vector: { debian: 'postgresql-N-pgvector', redHat: 'pgvector_N' },
  pg_cron: { debian: 'postgresql-N-cron', redHat: 'pg_cron_N' },
  pg_partman: { debian: 'postgresql-N-partman', redHat: 'pg_partman_N' },
  pgaudit: { debian: 'postgresql-N-pgaudit', redHat: 'pgaudit_N' },
  hypopg: { debian: 'postgresql-N-hypopg', redHat: 'hypopg_N' },
  pg_repack: { debian: 'postgresql-N-repack', redHat: 'pg_repack_N' },
  plpython3u: { debian: 'postgresql-plpython3-N', redHat: 'postgresqlN-plpython3' },
  plperl: { debian: 'postgresql-plperl-N', redHat: 'postgresqlN-plperl' },
  pltcl: { debian: 'postgresql-pltcl-N', redHat: 'postgresqlN-pltcl' },
};

/** Which programs are needed, and in which packages they are. */
export function packagesOf(
  { major, serverMajor, extensions, format }: NoteFacts,
  kind: 's3' | 'file',
): string {
  const others =
    kind === 's3' ? 'the AWS command line (`awscli` in Debian, `awscli2` in Fedora and RHEL)' : '';
  const packed =
    format === 'plain' ? 'what unpacks the dump (`zstd`, `gzip` or `lz4`, as its name ends)' : '';
  const besides = [others, packed, 'coreutils, sed and awk, which are there'].filter((one) => one !== '');
  return [
    `- psql and pg_restore of PostgreSQL ${major} or newer: \`postgresql-client-${major}\` in Debian and Ubuntu, \`postgresql${major}\` in RHEL and Fedora. ` +
      'Where the distribution has an older one, they come from apt.postgresql.org and yum.postgresql.org.',
    `- A server to restore into, of PostgreSQL ${serverMajor} or newer: \`postgresql-${serverMajor}\`; \`postgresql${serverMajor}-server\` and \`postgresql${serverMajor}-contrib\`.`,
    ...extensionLines(extensions, serverMajor),
    `- Besides: ${besides.join('; ')}.`,
    `- Where several versions are installed, put the right one first: \`PATH=/usr/lib/postgresql/${major}/bin:$PATH\` (RHEL: \`/usr/pgsql-${major}/bin\`).`,
  ].join('\n');
}

function extensionLines(extensions: readonly string[], major: number): string[] {
  const packages = extensions.flatMap((name) => {
    const found = Object.hasOwn(known, name) ? known[name] : undefined;
    if (found === undefined) return [];
    const { debian, redHat } = found;
    return [
      `${codeSpan(name)}: \`${debian.replace('N', String(major))}\` (RHEL \`${redHat.replace('N', String(major))}\`)`,
    ];
  });
  const rest = extensions.filter((name) => name !== 'plpgsql' && !Object.hasOwn(known, name));
  if (packages.length + rest.length === 0) return [];
  return [
    `- Extensions, at the server: ${packages.join(', ')}${packages.length > 0 && rest.length > 0 ? '; ' : ''}${
      rest.length === 0
        ? ''
        : `${rest.slice(0, 40).map(codeSpan).join(', ')}: with the server or its contrib package, else \`apt-cache search postgresql-${major}\``
    }. \`SELECT name FROM pg_available_extensions\` says which it has.`,
  ];
}
