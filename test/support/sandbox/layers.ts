import { expect, inject, test } from 'vitest';
import type { LayerKind } from '../../../layers/postgres/build-root.ts';
import { canFetchTools } from '../../../layers/postgres/fetch-programs.ts';
import type { LayerMajor } from './setup.ts';

/** The majors whose layer was built, for `describe.each`; a file without any says why in its one test. */
export function layerMajors(kind: LayerKind): readonly LayerMajor[] {
  const majors = inject('sandbox')[kind];
  if (majors.length === 0)
    test('layers are built, and tried, on Debian and Ubuntu only', async () => {
      expect(await canFetchTools()).toBe(false);
    });
  return majors;
}

/** The newest client layer; of several majors all lie in one layer. */
export function newestClient(): LayerMajor {
  const newest = inject('sandbox').client.at(-1);
  if (newest === undefined) throw new Error('No client layer was built');
  return newest;
}
