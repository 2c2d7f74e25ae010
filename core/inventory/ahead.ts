/** One day: a clock that is wrong by less is common, and the order of nights stays the same. */
const futureAfterMs = 86_400_000;

/** Whether a time, in milliseconds, is later than now by more than clocks differ. */
export function isAhead(time: number, now: Date): boolean {
  return time > now.getTime() + futureAfterMs;
}
