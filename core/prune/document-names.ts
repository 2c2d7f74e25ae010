import { holdName, releaseName } from '../manifest/hold.ts';
import { manifestName, verificationName } from '../manifest/manifest.ts';
import { prunedName } from '../manifest/pruned.ts';
import { summaryName } from '../manifest/summary.ts';

const documents: readonly string[] = [
  manifestName,
  verificationName,
  summaryName,
  holdName,
  releaseName,
  prunedName,
];

/** Whether an object of that name beside a manifest is a document of pgproof's. */
export function isDocument(name: string): boolean {
  return documents.includes(name) || /^verification\.kept-[^/]+\.json$/.test(name);
}

/** Whether pgproof may have written an object of that name below an id. Other people's things are never touched. */
export function isNameOfOurs(name: string): boolean {
  return isDocument(name) || /^(?:archive\.[a-z0-9.]+|archive\/[^/]+|globals\.sql|database\.sql)$/.test(name);
}
