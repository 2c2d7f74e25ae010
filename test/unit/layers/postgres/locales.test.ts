import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../core/errors.ts';
import { allLocales, localeDirectory, parseLocale } from '../../../../layers/postgres/locales.ts';

describe('locales', () => {
  it.each([
    ['de_DE.UTF-8', 'de_DE.utf8'],
    ['C.UTF-8', 'C.utf8'],
    ['de_DE', 'de_DE'],
    ['de_DE@euro', 'de_DE@euro'],
    ['de_DE.ISO-8859-15@euro', 'de_DE.iso885915@euro'],
    ['ru_RU.8859-5', 'ru_RU.iso88595'],
    ['sr_RS.UTF-8@latin', 'sr_RS.utf8@latin'],
  ])('%s is in the directory %s', (locale, directory) => {
    expect(localeDirectory(locale)).toBe(directory);
  });

  it('are added to those that are always there', () => {
    expect(allLocales(['de_DE.UTF-8', 'en_US.UTF-8'])).toEqual([
      'C.UTF-8',
      'de_DE.UTF-8',
      'en_GB.UTF-8',
      'en_US.UTF-8',
    ]);
  });

  it.each(['', '..', '../x', 'de_DE.UTF-8/..', "de'DE", 'de DE'])('%j is not one', (word) => {
    expect(() => parseLocale(word)).toThrow(UsageError);
  });
});
