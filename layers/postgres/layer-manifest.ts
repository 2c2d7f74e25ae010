import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Architecture, LayerKind } from './build-root.ts';
import { sameExtensions } from './extensions.ts';
import type { RedistributedPackage } from './licenses.ts';
import { allLocales } from './locales.ts';

/** What the builder puts into a layer, as a number: raised with every change, so that older layers are rebuilt. */
export const recipe = 3;

/** `manifest.json` beside a major's `usr`. */
export type LayerManifest = {
  readonly recipe: number;
  readonly major: number;
  /** Of PostgreSQL's package: `17.12-0+deb13u1`. */
  readonly version: string;
  readonly arch: Architecture;
  readonly kind: LayerKind;
  /** The release that the packages are from; `own` for the machine's own sources. */
  readonly suite: string;
  /** Those that are not part of PostgreSQL itself. */
  readonly extensions: readonly string[];
  /** Of the C library. */
  readonly locales: readonly string[];
  /** Whose time zones the server reads: its layer's or the system's `/usr/share/zoneinfo`. */
  readonly timeZones?: 'layer' | 'system' | undefined;
  /** Sum of the sizes of all files but this one. */
  readonly bytes: number;
  /** All of which something is in the layer. */
  readonly packages: readonly RedistributedPackage[];
};

/** What a server layer is to have; `undefined` is whatever it has. */
export type LayerWish = {
  readonly extensions: readonly string[] | undefined;
  /** Beside the default ones. */
  readonly locales: readonly string[] | undefined;
};

/** The major's own directory in a layer: `manifest.json`, `licenses` and `usr` lie in it. */
export function majorDirectory(layer: string, major: number): string {
  return join(layer, 'postgresql', String(major));
}

/** The manifest of a built major, of whatever recipe; `undefined` where it is not built. */
export async function readManifest(
  layer: string,
  major: number,
): Promise<Partial<LayerManifest> | undefined> {
  const path = join(majorDirectory(layer, major), 'manifest.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === 'object' && content !== null ? (content as Partial<LayerManifest>) : {};
  } catch {
    // Not of our making: it is built anew.
    return {};
  }
}

/** Whether a built major is by this recipe and has what is asked for, and nothing that is not. */
export function isCurrent(manifest: Partial<LayerManifest>, wish: LayerWish): manifest is LayerManifest {
  if (manifest.recipe !== recipe) return false;
  const { extensions = [], locales = [] } = manifest;
  if (wish.extensions !== undefined && !sameExtensions(wish.extensions, extensions)) return false;
  return wish.locales === undefined || allLocales(wish.locales).join() === locales.join();
}
