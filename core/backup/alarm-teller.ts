import type { Manifest } from '../manifest/manifest.ts';
import type { Outcome } from '../notify/alert.ts';
import { type Alarm, alarmsOf } from './alarms.ts';
import { alarmOutcome, type Circumstances } from './outcomes.ts';

/**
 * Tells of a run's backups what somebody should look at. That the cluster is another one is told with the first database
 * of which that is true: it is so of all of them.
 */
export function alarmTeller(
  circumstances: () => Circumstances,
  tell: (outcome: Outcome) => Promise<void>,
): (manifest: Manifest) => Promise<void> {
  const toldClusters = new Set<string>();
  const isNew = (alarm: Alarm): boolean => {
    if (alarm.kind !== 'another-cluster') return true;
    const pair = `${alarm.previous.systemIdentifier} ${alarm.is}`;
    const isFirst = !toldClusters.has(pair);
    toldClusters.add(pair);
    return isFirst;
  };
  return async (manifest) => {
    const alarms = alarmsOf(manifest).filter(isNew);
    if (alarms.length > 0) await tell(alarmOutcome(circumstances(), manifest, alarms));
  };
}
