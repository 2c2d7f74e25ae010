import { execFile } from 'node:child_process';
import { chmod, chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PgproofError, type Problem } from '../../errors.ts';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { type FoundTools, toolPath } from '../programs/tools.ts';
import type { OsUser } from './os-user.ts';

const initdbLimitMilliseconds = 120_000;

/** A private server could not be made or started. */
export class PrivateServerError extends PgproofError {
  override readonly name = 'PrivateServerError';
  /** Another program took the TCP port before the server could; a second attempt takes another port. */
  readonly isPortTaken: boolean;

  constructor(problem: Problem, options: ErrorOptions & { readonly isPortTaken?: boolean } = {}) {
    super(problem, options);
    this.isPortTaken = options.isPortTaken ?? false;
  }
}

export type AuthMethod = 'trust' | 'scram-sha-256' | 'md5' | 'reject';

/** What the caller of a private server may choose of its cluster. */
export type ClusterWishes = {
  /** Certificate and key as PEM texts. Default: no TLS. */
  readonly ssl?: { readonly cert: string; readonly key: string } | undefined;
  /** Default: `trust` on the socket, whose directory only we may enter; `scram-sha-256` on TCP. */
  readonly authMethod?: AuthMethod | undefined;
  /** Lines of pg_hba.conf that come before the server's own. */
  readonly hbaLines?: readonly string[] | undefined;
  /** Lines of postgresql.conf, by name. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Default: `--encoding UTF8 --no-locale`. */
  readonly initdbArguments?: readonly string[] | undefined;
};

export type ClusterOptions = ClusterWishes & {
  readonly tools: FoundTools;
  readonly osUser: OsUser | undefined;
  /** The server's own directory; the cluster is made in `data` below it. */
  readonly directory: string;
  readonly socketDirectory: string;
  readonly port: number;
  readonly tcp: boolean;
  readonly user: string;
  readonly password: string | undefined;
  readonly signal: AbortSignal | undefined;
};

/** The programs inherit nothing of our environment: no PG… variable of the user's may change anything. */
export function serverEnvironment(directory: string): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: directory, LC_ALL: 'C', TZ: 'UTC' };
}

/** Makes an empty cluster and its configuration. Returns the data directory. */
export async function createCluster(options: ClusterOptions): Promise<string> {
  const { directory, osUser, ssl, password } = options;
  const data = join(directory, 'data');
  const passwordFile = password === undefined ? undefined : join(directory, 'password');
  if (passwordFile !== undefined) await writeOwned(passwordFile, `${password}\n`, osUser);
  await initdb(options, data, passwordFile);
  if (passwordFile !== undefined) await rm(passwordFile);
  if (ssl !== undefined) {
    await writeOwned(join(data, 'server.crt'), ssl.cert, osUser);
    await writeOwned(join(data, 'server.key'), ssl.key, osUser);
  }
  await writeOwned(join(data, 'pg_hba.conf'), renderHba(options), osUser);
  await writeOwned(join(data, 'postgresql.auto.conf'), renderSettings(settingsOf(options)), osUser);
  return data;
}

function initdb(options: ClusterOptions, data: string, passwordFile: string | undefined): Promise<void> {
  const { tools, osUser, directory, user, signal } = options;
  const { initdbArguments = ['--encoding', 'UTF8', '--no-locale'] } = options;
  const program = toolPath(tools, 'initdb');
  const parameters = [
    '--pgdata',
    data,
    '--username',
    user,
    // Who may connect is in the pg_hba.conf that we write ourselves.
    ...(passwordFile === undefined
      ? ['--auth', 'reject']
      : ['--auth', 'scram-sha-256', '--pwfile', passwordFile]),
    '--no-sync',
    '--no-instructions',
    ...initdbArguments,
  ];
  return new Promise((resolve, reject) => {
    const settings = {
      cwd: directory,
      env: serverEnvironment(directory),
      uid: osUser?.uid,
      gid: osUser?.gid,
      signal,
      timeout: initdbLimitMilliseconds,
      maxBuffer: 1024 * 1024,
    };
    execFile(program, parameters, settings, (error, _stdout, stderr) => {
      if (error === null) return resolve();
      const got = stderr.trim().split('\n').slice(-4).join(' ') || messageOf(error);
      const fix = `Check ${program} and the room in ${directory}.`;
      const failure = new PrivateServerError({ what: 'initdb failed', got, fix }, { cause: error });
      reject(abortReasonOr(signal, failure));
    });
  });
}

/** Nothing here survives the server, so nothing is written twice or waited for. */
function settingsOf(options: ClusterOptions): Readonly<Record<string, string>> {
  return {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '1GB',
    checkpoint_timeout: '1h',
    shared_buffers: '128MB',
    maintenance_work_mem: '128MB',
    // Segments lie in the data directory: Lambda has no /dev/shm, and a server that is killed leaves none there.
    dynamic_shared_memory_type: 'mmap',
    listen_addresses: options.tcp ? '127.0.0.1' : '',
    port: String(options.port),
    unix_socket_directories: options.socketDirectory,
    unix_socket_permissions: '0700',
    password_encryption: 'scram-sha-256',
    ssl: options.ssl === undefined ? 'off' : 'on',
    logging_collector: 'off',
    log_destination: 'stderr',
    // A statement that fails may hold people's data.
    log_min_error_statement: 'panic',
    lc_messages: 'C',
    ...options.settings,
  };
}

/** Values are quoted as in the manual's section "Setting Parameters": a quote is doubled. */
function renderSettings(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
    .join('');
}

function renderHba({ hbaLines = [], authMethod }: ClusterOptions): string {
  const socketLine = `local all all ${authMethod ?? 'trust'}`;
  const tcpLine = `host all all 127.0.0.1/32 ${authMethod ?? 'scram-sha-256'}`;
  return [...hbaLines, socketLine, tcpLine, ''].join('\n');
}

async function writeOwned(path: string, text: string, osUser: OsUser | undefined): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
  if (osUser !== undefined) await chown(path, osUser.uid, osUser.gid);
}
