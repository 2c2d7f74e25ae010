import { userInfo } from 'node:os';
import { messageOf, UsageError } from '../../errors.ts';
import { visible } from '../../text/visible.ts';
import { type ConnectionParameters, targetSessions } from '../connect/parameters.ts';
import { parseConninfo } from './conninfo.ts';
import { type HostEntry, hostEntries } from './host-list.ts';
import { type Keyword, keywordRules, keywords, type Settings } from './keywords.ts';
import { type LocalFiles, localFiles } from './local-files.ts';
import { findPassword, passwordFileProblem } from './pgpass.ts';
import { serviceSettings } from './service-lookup.ts';
import { oneOf, tlsSettings } from './tls-settings.ts';

export type ResolveContext = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home directory, where ~/.pgpass, ~/.pg_service.conf and ~/.postgresql are. Default: HOME of `env`. */
  readonly home?: string | undefined;
  /** The role when none is named. Default: the operating system's user. */
  readonly osUser?: (() => string) | undefined;
  readonly files?: LocalFiles | undefined;
  /** Told of a password file that is ignored. Default: a line on standard error, as libpq writes it. */
  readonly warn?: ((text: string) => void) | undefined;
};

/** Applies where no time-out is given: a server that does not answer must not hold up a night's run. */
const defaultConnectTimeoutSeconds = 10;

/**
 * Settles a connection as psql would: what `text` says, then the service file, then the environment, then
 * defaults; the password from the password file if nothing else gives one. Several hosts give several
 * candidates, in order.
 * @param text a URL, keyword=value pairs, a database's name, or undefined
 * @throws UsageError, ServiceFileInvalid
 */
export function resolveConnection(text: string | undefined, context: ResolveContext): ConnectionParameters[] {
  const { env, files = localFiles } = context;
  const home = context.home ?? env.HOME;
  const explicit = text === undefined ? {} : parseConninfo(text);
  const environment = environmentSettings(env);
  const service = serviceSettings({ explicit, environment, env, home, files });
  const settings: Settings = { ...environment, ...service, ...explicit };
  refuseUnhonoured(settings);

  const user = given(settings.user) ?? osUser(context.osUser);
  const database = given(settings.dbname) ?? user;
  const shared = {
    user,
    database,
    connectTimeoutSeconds: seconds(settings.connect_timeout),
    options: given(settings.options),
    targetSession: oneOf(settings, 'target_session_attrs', targetSessions),
  };
  return hostEntries(settings, files).map((entry) => ({
    ...entry,
    ...shared,
    password: given(settings.password) ?? filePassword({ ...entry, user, database }, settings, home, context),
    tls: tlsSettings(settings, entry.host, { home, files, env }),
  }));
}

function environmentSettings(env: ResolveContext['env']): Settings {
  const found: { [K in Keyword]?: string } = {};
  for (const keyword of keywords) {
    const name = keywordRules[keyword].env;
    const value = name === undefined ? undefined : env[name];
    if (value !== undefined && value !== '') found[keyword] = value;
  }
  refuseUrls(found);
  return found;
}

/**
 * libpq takes PGDATABASE for a name, whatever is in it. A URL there was meant as one, and a name is printed: in messages,
 * and in the ids of backups.
 */
function refuseUrls(environment: Settings): void {
  for (const keyword of ['dbname', 'user'] as const) {
    if (!/^\s*[a-z][a-z\d+.-]*:\/\/|\bpassword\s*=/i.test(environment[keyword] ?? '')) continue;
    const name = keywordRules[keyword].env;
    throw new UsageError({
      what: `${name} holds a URL or a connection string`,
      expected: keyword === 'dbname' ? 'the name of a database' : 'the name of a role',
      fix: 'Give it with --source (or --to), or in parts: PGHOST, PGPORT, PGUSER, PGDATABASE, and the password in PGPASSWORD or a password file.',
    });
  }
}

function refuseUnhonoured(settings: Settings): void {
  for (const keyword of keywords) {
    const rule = keywordRules[keyword];
    const value = settings[keyword];
    if (rule.treatment !== 'refused' || value === undefined || rule.harmless.includes(value)) continue;
    throw new UsageError({
      what: 'The connection asks for something that pgproof cannot honour',
      got: rule.env === undefined ? keyword : `${keyword} (or ${rule.env})`,
      fix: rule.fix,
    });
  }
}

function filePassword(
  wanted: HostEntry & { readonly user: string; readonly database: string },
  settings: Settings,
  home: string | undefined,
  { files = localFiles, warn = warnOnStderr }: ResolveContext,
): string | undefined {
  const path = given(settings.passfile) ?? (home === undefined ? undefined : `${home}/.pgpass`);
  const status = path === undefined ? undefined : files.stat(path);
  if (path === undefined || status === undefined) return undefined;
  const problem = passwordFileProblem(path, status.mode, status.isFile);
  if (problem !== undefined) {
    warn(`WARNING: ${problem}`);
    return undefined;
  }
  return findPassword(files.read(path) ?? '', wanted);
}

function seconds(value: string | undefined): number {
  if (given(value) === undefined) return defaultConnectTimeoutSeconds;
  const number = Number(value);
  if (!Number.isInteger(number)) {
    throw new UsageError({
      what: 'connect_timeout (or PGCONNECT_TIMEOUT) is not a number of seconds',
      expected: 'a whole number; 0 waits for ever',
      fix: 'Correct it or leave it out (10 seconds).',
    });
  }
  return Math.max(number, 0);
}

function osUser(ask: () => string = () => userInfo().username): string {
  try {
    return ask();
  } catch (cause) {
    throw new UsageError(
      {
        what: 'No role to connect as is given, and this process has no user name',
        got: messageOf(cause),
        fix: 'Name the role in the URL or in PGUSER.',
      },
      { cause },
    );
  }
}

/** For libpq an empty value means the default. */
function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function warnOnStderr(text: string): void {
  process.stderr.write(`${visible(text)}\n`);
}
