import { copyBackup } from '../../core/copy/copy-backup.ts';
import { NotCopied } from '../../core/copy/copy-errors.ts';
import { copyMissing } from '../../core/copy/copy-missing.ts';
import { staleCopies } from '../../core/copy/newest-copies.ts';
import type { CopyLeft, CopyLine, CopyReport, CopyRequest, NewestCopy } from '../../core/copy/request.ts';
import { messageOf, PgproofError } from '../../core/errors.ts';
import type { ClosedFolder } from '../../core/inventory/closed-folders.ts';
import { findIds, listOne } from '../../core/inventory/find-backups.ts';
import { type BackupId, encodeName, formatId, parseId } from '../../core/manifest/backup-id.ts';

/** What both ways of being started have in common. */
export type Shared = Pick<CopyRequest, 'from' | 'to' | 'lock' | 'notes' | 'clock' | 'signal'>;

/** What became of the backups that a run was about. */
export type CopyRun = {
  readonly lines: readonly CopyLine[];
  /** How many lay there already, with nothing to bring. */
  readonly there: number;
  readonly left: readonly Pick<CopyLeft, 'id' | 'why'>[];
  /** Databases whose newest copy is too old, and that have a newer backup. */
  readonly stale: readonly NewestCopy[];
  /** Of a whole source, or of the one backup: why there was no end to it. */
  readonly errors: readonly {
    readonly source: string;
    readonly id?: BackupId | undefined;
    readonly error: unknown;
  }[];
  /** Sources to which the run did not come. */
  readonly notReached: readonly string[];
};

const nothing: CopyRun = { lines: [], there: 0, left: [], stale: [], errors: [], notReached: [] };

/** One backup. That it is bad, or gone, is no failure of the copy: it is left, and said. */
export async function copyOne(id: BackupId, shared: Shared): Promise<CopyRun> {
  try {
    const line: CopyLine = { id: formatId(id), ...(await copyBackup({ ...shared, id })) };
    return { ...nothing, lines: [line] };
  } catch (error: unknown) {
    if (error instanceof NotCopied) {
      const isThere = (await listOne(shared.from, id, { signal: shared.signal })) !== undefined;
      return { ...nothing, left: [{ id: formatId(id), why: isThere ? 'failed' : 'pruned' }] };
    }
    const failed: CopyLine = { id: formatId(id), kind: 'failed', error: messageOf(error) };
    return { ...nothing, lines: [failed], errors: [{ source: id.source, id, error }] };
  }
}

/** Whatever is missing of these sources, one after the other. One that cannot be read keeps no other from its turn. */
export async function copyAll(
  sources: readonly string[],
  { maxAgeHours, ...shared }: Shared & { readonly maxAgeHours: number },
): Promise<CopyRun> {
  let run = nothing;
  for (const source of sources) {
    if (shared.signal.aborted) {
      run = { ...run, notReached: [...run.notReached, source] };
      continue;
    }
    const lines: CopyLine[] = [];
    try {
      // A source that was never backed up yet has nothing to copy; whether its place is there at all is not this one's matter.
      if (!(await hasBackups(source, shared))) continue;
      const report = await copyMissing({ ...shared, source, onBackup: (line) => void lines.push(line) });
      run = {
        ...run,
        lines: [...run.lines, ...report.backups],
        there: run.there + report.there,
        left: [...run.left, ...report.left],
        errors: [...run.errors, ...(report.closed ?? []).map((one) => ({ source, error: closedError(one) }))],
        stale: [...run.stale, ...staleOf(report, maxAgeHours, shared.clock())],
      };
    } catch (error: unknown) {
      // What was copied before it stopped lies there, and is said.
      run = { ...run, lines: [...run.lines, ...lines], errors: [...run.errors, { source, error }] };
    }
  }
  return run;
}

function closedError({ folder, why }: ClosedFolder): PgproofError {
  return new PgproofError({
    what: `${folder} cannot be looked into`,
    got: why,
    fix: 'Give the role of this function s3:ListBucket there again.',
  });
}

async function hasBackups(source: string, { from, signal }: Shared): Promise<boolean> {
  // In what cannot be looked into there may be some.
  let has = false;
  const onUnreadable = (): void => {
    has = true;
  };
  for await (const _ of findIds(from, { source }, { signal, onUnreadable })) return true;
  return has;
}

/**
 * Where the first store has nothing newer, nothing is late: a database that was dropped years ago has an old copy, and rightly.
 */
function staleOf(report: CopyReport, maxAgeHours: number, now: Date): NewestCopy[] {
  const uncopied = [...report.left, ...report.backups.filter(({ kind }) => kind === 'failed')].map(({ id }) =>
    parseId(id),
  );
  return staleCopies(report, maxAgeHours, now).filter(({ source, database, startedAt }) =>
    uncopied.some(
      (id) =>
        encodeName(id.source) === encodeName(source) &&
        id.database === database &&
        (startedAt === undefined || id.startedAt > startedAt),
    ),
  );
}
