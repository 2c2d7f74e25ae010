import { documentNames } from '../manifest/document-names.ts';

/** Whether an object of that name beside a manifest is a document of pgproof's. */
export function isDocument(name: string): boolean {
  return documentNames.has(name) || /^verification\.kept-[^/]+\.json$/.test(name);
}

/** Whether pgproof may have written an object of that name below an id. Other people's things are never touched. */
export function isNameOfOurs(name: string): boolean {
  return isDocument(name) || /^(?:archive\.[a-z0-9.]+|archive\/[^/]+|globals\.sql|database\.sql)$/.test(name);
}
