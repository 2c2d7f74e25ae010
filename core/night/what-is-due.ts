import { latestTime } from './latest-time.ts';
import type { Due, NightSource } from './request.ts';

/**
 * Which schedules of a source are to be done now, in the order of their times. A schedule is due when its latest time came
 * after its last run began, whether that went well or not; one that never ran is due at once, so that the first backup does
 * not wait for the first night.
 *
 * @param last when each was last begun
 * @param asked names of schedules that are done whether they are due or not
 */
export function whatIsDue(
  source: NightSource,
  last: ReadonlyMap<string, Date>,
  now: Date,
  asked: readonly string[] | undefined,
): { readonly due: readonly Due[]; readonly notDue: readonly Due[] } {
  const all = source.schedules.map(
    ({ name, cron, timeZone }): Due => ({
      source: source.name,
      schedule: name,
      last: last.get(name),
      latest: latestTime(cron, timeZone, now),
    }),
  );
  const isDue = ({ schedule, last: began, latest }: Due): boolean => {
    if (asked !== undefined) return asked.includes(schedule);
    return began === undefined || (latest !== undefined && latest > began);
  };
  const inOrder = [...all].sort(
    (one, other) => (one.latest?.getTime() ?? 0) - (other.latest?.getTime() ?? 0),
  );
  return { due: inOrder.filter(isDue), notDue: inOrder.filter((one) => !isDue(one)) };
}
