import { PgproofError } from '../errors.ts';
import { excessOf } from '../manifest/document.ts';
import { type Manifest, serialize } from '../manifest/manifest.ts';
import { plural } from '../text/units.ts';

/** More tables than a manifest holds that pgproof would read again. */
export class ManifestTooLarge extends PgproofError {
  override readonly name = 'ManifestTooLarge';
}

/**
 * The manifest as it can be read again. One that is beyond the limits goes without the description of every object, which
 * is most of it; what a verification cannot compare then is told as a warning.
 *
 * @throws ManifestTooLarge
 */
export function fitManifest(manifest: Manifest): { readonly manifest: Manifest; readonly bytes: Buffer } {
  const whole = serialize(manifest);
  const excess = excessOf(whole);
  if (excess === undefined) return { manifest, bytes: whole };
  const { catalog = [], catalogHasUses: _, ...rest } = manifest;
  const message = `the definitions of ${plural(catalog.length, 'object')} were not recorded, and cannot be compared: the manifest would hold ${excess}`;
  const smaller = { ...rest, warnings: [...(rest.warnings ?? []), { program: 'pgproof', message }] };
  const bytes = serialize(smaller);
  const still = excessOf(bytes);
  if (still === undefined) return { manifest: smaller, bytes };
  throw new ManifestTooLarge({
    what: 'The manifest of this backup could not be read again',
    got: still,
    fix: 'Divide the database: it has more tables than a manifest holds.',
  });
}
