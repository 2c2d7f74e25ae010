/** When prune runs: at noon the nights are over, what they took is verified, and somebody is awake who may be told. */
export const pruneSchedule = 'cron(0 12 * * ? *)';

/** When what was not copied is copied: the nights are over, and prune has not been there yet. */
export const copySchedule = 'cron(0 10 * * ? *)';

/** What keeps a cron expression from meaning every day, or undefined. Whether prune and copy have run is watched by the day. */
export function notDaily(cron: string): string | undefined {
  const [, , dayOfMonth = '', month, dayOfWeek = '', year] = cron
    .replace(/^cron\((.*)\)$/, '$1')
    .trim()
    .split(/\s+/);
  const everyDay = [dayOfMonth, dayOfWeek].every((text) => text === '*' || text === '?');
  return everyDay && month === '*' && year === '*' ? undefined : 'it leaves out days';
}

/** The zone that all of these are in, if they are in one. */
export function sharedZone(timeZones: readonly string[]): string | undefined {
  const [first, ...others] = new Set(timeZones);
  return others.length === 0 ? first : undefined;
}
