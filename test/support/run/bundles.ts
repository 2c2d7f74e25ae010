import { inject } from 'vitest';
import type { BundleName } from './set-up.ts';
import { askShared } from './shared.ts';

/** Where the bundle lies that was built once for all test files; not to be written to. */
export function bundle(name: BundleName): Promise<string> {
  return askShared<string>(inject('sharedAddress'), 'bundle', name);
}
