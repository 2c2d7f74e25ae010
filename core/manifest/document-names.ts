import { holdName, releaseName } from './hold.ts';
import { manifestName, verificationName } from './manifest.ts';
import { prunedName } from './pruned.ts';
import { summaryName } from './summary.ts';

/** The documents that lie beside a manifest, and itself, by name. */
export const documentNames: ReadonlySet<string> = new Set([
  manifestName,
  verificationName,
  summaryName,
  holdName,
  releaseName,
  prunedName,
]);
