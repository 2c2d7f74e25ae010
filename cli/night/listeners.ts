import type { NightConfig } from '../../core/config/night.ts';
import type { RunListener } from '../../core/notify/run-events.ts';
import { type ResolveContext, resolveConnection } from '../../core/postgres/libpq/resolve-connection.ts';
import { urlSource } from '../../core/source/url-source.ts';
import type { Secrets } from './secrets.ts';

/** Where the table of a night lies: what libpq would connect with. @throws UsageError */
export function logContext(
  { backupLog }: NightConfig,
  secrets: Secrets,
  context: ResolveContext,
): ResolveContext {
  if (backupLog === undefined) return context;
  const { url, password } = backupLog;
  const env = password === undefined ? context.env : { ...context.env, PGPASSWORD: secrets.of(password) };
  resolveConnection(url, { ...context, env });
  return { ...context, env };
}

/** Who follows every run. None of them can fail it. */
export async function nightListeners(
  { backupLog: settings, hooks: programs }: NightConfig,
  {
    context,
    onWarning,
    ...surroundings
  }: {
    readonly context: ResolveContext;
    readonly onWarning: (line: string) => void;
    readonly directory: string;
    readonly signal: AbortSignal;
  },
): Promise<RunListener[]> {
  const listeners: RunListener[] = [];
  // Before hooks: what they look at is written.
  if (settings !== undefined) {
    const { backupLog } = await import('../../core/notify/backup-log/backup-log.ts');
    const { url, schema, table } = settings;
    const { resolve } = urlSource({ name: 'backup_log', text: url, ...context });
    listeners.push(backupLog({ schema, table, resolve, onWarning }));
  }
  if (programs !== undefined) {
    const { hooks } = await import('../../core/notify/hooks/hooks.ts');
    listeners.push(hooks(programs, { ...surroundings, env: process.env, onWarning }));
  }
  return listeners;
}
