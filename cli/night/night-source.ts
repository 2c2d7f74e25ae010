import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { NightConfig, NightSource } from '../../core/config/night.ts';
import type { ConfigProblem } from '../../core/config/problem.ts';
import { messageOf, UsageError } from '../../core/errors.ts';
import { type ResolveContext, resolveConnection } from '../../core/postgres/libpq/resolve-connection.ts';
import { redactor } from '../../core/process/redact.ts';
import type { Source } from '../../core/source/source.ts';
import { urlSource } from '../../core/source/url-source.ts';
import { home } from '../home.ts';
import { logContext } from './listeners.ts';
import type { Secrets } from './secrets.ts';

/** What libpq would connect a source with: its connection string, its keys, then the environment. */
export function contextOf(
  source: NightSource,
  {
    secrets,
    directory,
    warn,
  }: { readonly secrets: Secrets; readonly directory: string; readonly warn: (line: string) => void },
): ResolveContext {
  const { host, port, maintenanceDatabase, sslMode, caFile, password } = source;
  const own = {
    PGHOST: host,
    // The address of another host is in the environment, if any.
    PGHOSTADDR: host === undefined ? undefined : '',
    PGPORT: port === undefined ? undefined : String(port),
    PGDATABASE: maintenanceDatabase,
    PGSSLMODE: sslMode ?? (caFile === undefined ? undefined : 'verify-full'),
    PGSSLROOTCERT: caFile === undefined ? undefined : resolve(directory, caFile),
    PGPASSWORD: password === undefined ? undefined : secrets.of(password),
  };
  const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return { env: { ...process.env, ...said }, home: home(), warn };
}

export function sourceOf(source: NightSource, context: ResolveContext): Source {
  return urlSource({ name: source.name, text: source.url, ...context });
}

/** What is wrong with connections, as far as that shows without a server. */
export function connectionProblems(
  { sources }: NightConfig,
  contexts: readonly (ResolveContext | undefined)[],
  directory: string,
): ConfigProblem[] {
  return sources.flatMap(({ url, caFile }, index) => {
    const context = contexts[index];
    const path = `sources[${index}]`;
    const problems = fileProblems(`${path}.caFile`, caFile, directory);
    // A certificate that is not there is said once.
    if (context === undefined || problems.length > 0) return problems;
    return problemsIn(url === undefined ? path : `${path}.url`, context.env.PGPASSWORD, () =>
      resolveConnection(url, context),
    );
  });
}

export function notifyProblems({ notify }: Pick<NightConfig, 'notify'>, directory: string): ConfigProblem[] {
  return fileProblems('notify.smtp.caFile', notify.smtp?.caFile, directory);
}

export function logProblems(config: NightConfig, secrets: Secrets, context: ResolveContext): ConfigProblem[] {
  const { password } = config.backupLog ?? {};
  return problemsIn('backupLog.url', password && secrets.of(password), () =>
    logContext(config, secrets, context),
  );
}

function problemsIn(path: string, secret: string | undefined, resolving: () => unknown): ConfigProblem[] {
  try {
    resolving();
    return [];
  } catch (error: unknown) {
    if (!(error instanceof UsageError)) throw error;
    const { what, got, expected = 'what psql would take', fix } = error.problem;
    const clean = redactor([secret]);
    return [
      { path, got: clean(got === undefined ? `a problem: ${what}` : `${got} (${what})`), expected, fix },
    ];
  }
}

function fileProblems(path: string, file: string | undefined, directory: string): ConfigProblem[] {
  const got = file === undefined ? undefined : unreadable(resolve(directory, file));
  if (got === undefined) return [];
  return [
    {
      path,
      got,
      expected: 'a PEM file that can be read',
      fix: 'Correct the path; it is relative to the configuration.',
    },
  ];
}

function unreadable(path: string): string | undefined {
  try {
    readFileSync(path);
    return undefined;
  } catch (error: unknown) {
    return messageOf(error);
  }
}
