import { withoutSecrets } from '../../process/redact.ts';
import { version } from '../../version.ts';
import type { RunEvent } from '../run-events.ts';
import type { HookDatabase, HookInput } from './hook-input.ts';

/** What hooks are told of one run at its end. */
export type RunRecord = {
  readonly databases: ReadonlyMap<string, HookDatabase>;
  readonly pruned: readonly { readonly database: string; readonly id: string; readonly store: string }[];
};

export const emptyRecord: RunRecord = { databases: new Map(), pruned: [] };

/** The same run after an event. */
export function recordAfter(record: RunRecord, event: RunEvent): RunRecord {
  switch (event.kind) {
    case 'run-started':
    case 'run-finished':
    case 'backup-started':
      return record;
    case 'backup-done': {
      const { database, id, archive, bytes, rows, seconds } = event;
      const startedAt = event.startedAt.toISOString();
      const known = { database, status: 'completed' as const, id, archive, startedAt, bytes, seconds };
      return withDatabase(record, { ...known, ...(rows === undefined ? {} : { rows }) });
    }
    case 'backup-failed': {
      const { database, seconds } = event;
      return withDatabase(record, {
        database,
        status: 'failed',
        seconds,
        error: withoutSecrets(event.error),
      });
    }
    case 'verified': {
      const { verdict, level, seconds } = event;
      const verification = {
        ...(verdict === undefined ? {} : { verdict }),
        ...(level === undefined ? {} : { level }),
        ...errorOf(event),
        seconds,
      };
      return withBackup(record, event, (known) => ({ ...known, verification }));
    }
    case 'copied': {
      const copy = { to: event.to, ...errorOf(event), seconds: event.seconds };
      return withBackup(record, event, (known) => ({ ...known, copies: [...(known.copies ?? []), copy] }));
    }
    case 'pruned': {
      const { database, id, store } = event;
      return { ...record, pruned: [...record.pruned, { database, id, store }] };
    }
  }
}

function errorOf({ error }: { readonly error: string | undefined }): { error?: string } {
  return error === undefined ? {} : { error: withoutSecrets(error) };
}

function withDatabase(record: RunRecord, database: HookDatabase): RunRecord {
  return { ...record, databases: new Map(record.databases).set(database.database, database) };
}

/** A copy of an earlier backup is none of this run's. */
function withBackup(
  record: RunRecord,
  { database, id }: { readonly database: string; readonly id: string },
  change: (known: HookDatabase) => HookDatabase,
): RunRecord {
  const known = record.databases.get(database);
  return known?.id === id ? withDatabase(record, change(known)) : record;
}

/** What the hooks that follow an event are given, in the order in which they are called. */
export function inputsFor(record: RunRecord, event: RunEvent): HookInput[] {
  const { run, source, schedule } = event;
  const ofRun = {
    formatVersion: 1 as const,
    pgproof: version,
    run,
    source,
    ...(schedule === undefined ? {} : { schedule }),
    at: event.at.toISOString(),
  };
  if (event.kind === 'backup-done' || event.kind === 'backup-failed') {
    const database = record.databases.get(event.database);
    const ok = event.kind === 'backup-done';
    return database === undefined ? [] : [{ ...ofRun, event: 'afterBackup', ok, database }];
  }
  if (event.kind !== 'run-finished') return [];
  const { ok, seconds } = event;
  const whole = {
    ...ofRun,
    ok,
    seconds,
    problems: event.problems.map(withoutSecrets),
    databases: [...record.databases.values()],
    pruned: [...record.pruned],
  };
  return [
    ...(ok ? [] : [{ ...whole, event: 'onFailure' as const }]),
    { ...whole, event: 'afterRun' as const },
  ];
}
