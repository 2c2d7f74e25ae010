import { expect, test } from 'vitest';
import { isTimeZone } from '../../../../core/text/time-zone.ts';

test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'America/Port-au-Prince'])(
  '%s is a time zone',
  (name) => {
    expect(isTimeZone(name)).toBe(true);
  },
);

test.each(['', 'Mars', '+02:00', 'europe/berlin', 'Europe/', `A${'a'.repeat(200)}!`])(
  '%s is no time zone',
  (name) => {
    expect(isTimeZone(name)).toBe(false);
  },
);
