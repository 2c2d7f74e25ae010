import type { ListEntry } from '../../../core/inventory/entry.ts';
import { type BackupId, keyOf } from '../../../core/manifest/backup-id.ts';
import { briefOf } from '../../../core/manifest/brief.ts';
import { parseSummary } from '../../../core/manifest/summary.ts';
import { parseVerification } from '../../../core/manifest/verification.ts';
import { type ListedContent, listedDocuments } from '../backup/listed.ts';

/** A backup as a list of its store has it. */
export function entryOf(content: ListedContent): ListEntry {
  const { id } = content;
  const documents = listedDocuments(content);
  const bytesOf = (name: string): Buffer | undefined => documents.get(keyOf(id, name));
  const verification = bytesOf('verification.json');
  return {
    id,
    documents: new Map(),
    summary: parseSummary(bytesOf('summary.json') ?? Buffer.from(''), 'summary'),
    verification: verification && briefOf(parseVerification(verification, 'verification')),
    hold: undefined,
    release: undefined,
  };
}

/** One of `prod/app`. */
export function idAt(startedAt: Date): BackupId {
  return { source: 'prod', database: 'app', startedAt };
}
