import type { NightConfig } from '../../core/config/night.ts';
import { lockFrom } from '../../core/config/object-lock.ts';
import { copyMissing } from '../../core/copy/copy-missing.ts';
import type { CopyReport } from '../../core/copy/request.ts';
import { parseId } from '../../core/manifest/backup-id.ts';
import type { NightStep } from '../../core/night/request.ts';
import type { CollectingNotifier } from '../../core/notify/digest.ts';
import type { Policy } from '../../core/retention/shapes.ts';
import type { PrunableStore } from '../../core/store/prunable.ts';

/** What the other store has not of the sources of this configuration, and would keep. */
export function copyStep(
  copy: NightConfig['copies'][number] & { readonly of: string },
  policy: Policy | undefined,
  { from, to }: { readonly from: PrunableStore; readonly to: PrunableStore },
  { notifier, signal }: { readonly notifier: CollectingNotifier; readonly signal: AbortSignal },
): NightStep {
  const clock = (): Date => new Date();
  const run: NightStep['run'] = async (runs, emit) => {
    const reports: CopyReport[] = [];
    let ok = true;
    for (const { source, ...of } of runs) {
      const lock = copy.objectLock;
      const report = await copyMissing({
        from,
        to,
        source,
        policy,
        lock: lock && (() => lockFrom(lock, clock())),
        clock,
        signal,
      });
      reports.push(report);
      for (const line of report.backups) {
        const { database } = parseId(line.id);
        const error = line.kind === 'failed' ? line.error : undefined;
        const seconds = line.kind === 'copied' ? line.seconds : 0;
        if (line.kind !== 'there')
          await emit({
            kind: 'copied',
            at: clock(),
            ...of,
            source,
            database,
            id: line.id,
            to: to.url,
            error,
            seconds,
          });
        if (line.kind !== 'failed') continue;
        ok = false;
        await notifier.tell({
          result: 'failed',
          work: 'copy',
          source,
          database,
          store: to.url,
          id: line.id,
          at: clock(),
          what: `It is not in ${copy.name}: ${line.error}`,
          fix: 'The backup itself is not touched by it. The next run copies what is missing.',
        });
      }
    }
    return { ok, report: { reports } };
  };
  return { work: 'copy', name: copy.name, of: copy.of, url: to.url, run };
}
