import { expect, test } from 'vitest';
import { knownSettings, lackingMoneyLocale } from '../../../../../core/postgres/facts/dump-settings.ts';

const german = { TimeZone: 'UTC', lc_monetary: 'de_DE.UTF-8' };

test.each([
  ['a locale that is there is not lacking', { settings: german, holdsMoney: true }, german, undefined],
  ['one that is not is, where there is money', { settings: german, holdsMoney: true }, {}, 'de_DE.UTF-8'],
  ['and where nobody knows', { settings: german }, {}, 'de_DE.UTF-8'],
  ['but not where there is none', { settings: german, holdsMoney: false }, {}, undefined],
  ['a backup of before did not record it', { settings: { TimeZone: 'UTC' } }, {}, undefined],
  ['nor any setting', {}, {}, undefined],
] as const)('%s', (_what, dump, takenHere, expected) => {
  expect(lackingMoneyLocale(dump, takenHere)).toBe(expected);
});

test('of what a manifest names, only what a backup records reaches a session', () => {
  const named = { TimeZone: 'UTC', session_preload_libraries: 'evil', 'TimeZone=UTC -c role': 'admin' };
  expect(knownSettings(named)).toEqual({ TimeZone: 'UTC' });
});
