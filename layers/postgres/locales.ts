import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { LayerBuildError } from './errors.ts';
import type { TreeCopy } from './tree-copy.ts';

/** What every server layer has. Each takes about 3 MB, most of it the order of all characters. */
export const defaultLocales: readonly string[] = ['C.UTF-8', 'en_GB.UTF-8', 'en_US.UTF-8'];

const localeRoot = join('usr', 'lib', 'locale');

/** These and the default ones, each once, in a fixed order. */
export function allLocales(others: readonly string[]): string[] {
  return [...new Set([...defaultLocales, ...others])].sort();
}

/** @throws UsageError unless it looks like `de_DE.UTF-8` or `de_DE@euro` */
export function parseLocale(word: string): string {
  if (/^[A-Za-z]{1,8}(_[A-Z]{2})?(\.[A-Za-z0-9-]+)?(@[a-z]+)?$/.test(word)) return word;
  throw new UsageError({
    what: '--locale',
    got: word,
    expected: 'names such as de_DE.UTF-8',
    fix: 'Correct it.',
  });
}

/**
 * The directory of a locale, as the C library looks for it: the codeset in lower case, without punctuation.
 *
 * @example `de_DE.UTF-8` → `de_DE.utf8`
 */
export function localeDirectory(locale: string): string {
  const [, place = locale, codeset, modifier = ''] = /^([^.@]*)(?:\.([^@]*))?(@.*)?$/.exec(locale) ?? [];
  if (codeset === undefined) return `${place}${modifier}`;
  const plain = codeset.toLowerCase().replace(/[^a-z0-9]/g, '');
  return `${place}.${/^\d+$/.test(plain) ? `iso${plain}` : plain}${modifier}`;
}

/**
 * Copies locales of the distribution's `locales-all` into the layer.
 *
 * @throws LayerBuildError that names those which are near, for one that is not there
 */
export async function copyLocales(copy: TreeCopy, tree: string, locales: readonly string[]): Promise<void> {
  for (const locale of locales) {
    const directory = join(localeRoot, localeDirectory(locale));
    if (!(await copy.hasDirectory(directory))) throw await unknownLocale(tree, locale);
    await copy.directory(directory);
  }
}

async function unknownLocale(tree: string, locale: string): Promise<LayerBuildError> {
  const language = /^[A-Za-z]+/.exec(locale)?.[0] ?? '';
  const names = await readdir(join(tree, localeRoot)).catch(() => []);
  const near = names.filter((name) => name.startsWith(`${language}_`) || name.startsWith(`${language}.`));
  return new LayerBuildError({
    what: 'The distribution has no such locale',
    got: locale,
    expected: near.length === 0 ? undefined : `one of ${near.sort().slice(0, 20).join(', ')}`,
    fix: 'Choose one that `locale -a` lists on a machine with the package locales-all.',
  });
}
