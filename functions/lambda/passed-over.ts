import type { Logger } from '@aws-lambda-powertools/logger';
import { takenBy } from '../../core/inventory/passed-over.ts';
import type { Choice } from '../../core/inventory/read-backup.ts';
import { type BackupId, formatId } from '../../core/manifest/backup-id.ts';

/** A line of the log is no list of years. */
const shown = 10;

/** Tells the log where `latest` is not just the newest: which are newer, why they were not taken, and how to take them. */
export function warnOfChoice(
  logger: Logger,
  id: BackupId | undefined,
  { passedOver, notGood }: Choice,
): void {
  if (id === undefined) return;
  if (notGood !== undefined) logger.warn('no backup is good, so it is the newest', { notGood });
  if (passedOver.length === 0) return;
  const ways = new Set(passedOver.map(({ why }) => takenBy[why]));
  logger.warn('passed over', {
    latest: formatId(id),
    passedOver: passedOver.slice(0, shown),
    more: Math.max(0, passedOver.length - shown),
    fix: [
      'Name one by its id in the event',
      ...(ways.has('any') ? ['or add "any": true, which is the newest whatever its verdict'] : []),
      ...(ways.has('partial') ? ['or "partial": true'] : []),
    ].join(', '),
  });
}
