import { checkSourceName, sourceNamePattern } from '../core/config/source-name.ts';
import { prefixPattern } from './config/schema.ts';
import type { PostgresBackupProps } from './postgres-backup-props.ts';

/** Names become parts of keys, event patterns and log groups, where some characters would mean something. */
export function checkNames({ sourceName, prefix, schedules }: PostgresBackupProps): void {
  if (!sourceNamePattern.test(sourceName)) {
    throw new Error(
      `sourceName cannot be used: got ${JSON.stringify(sourceName)} (expected 1 to 64 letters, digits, dots, hyphens and underscores, no dot first). Choose another name.`,
    );
  }
  checkSourceName(sourceName);
  if (prefix !== undefined && !prefixPattern.test(prefix)) {
    throw new Error(
      `prefix cannot be used: got ${JSON.stringify(prefix)} (expected segments of letters, digits, dots, hyphens and underscores, joined by /). Choose another prefix.`,
    );
  }
  if (schedules.length === 0) {
    throw new Error(
      `The source ${sourceName} would never be backed up: got no schedule (expected at least one). Add one to schedules.`,
    );
  }
}
