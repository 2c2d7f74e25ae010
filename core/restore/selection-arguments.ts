import { UsageError } from '../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { isPartial, type Selection } from './request.ts';

/** What pg_restore gets beside the archive. @throws UsageError */
export function selectionArguments(manifest: Manifest, selection: Selection): string[] {
  const { part, owners, privileges } = selection;
  const args = [
    ...(part === 'schema' ? ['--schema-only'] : []),
    ...(part === 'data' ? ['--data-only'] : []),
    ...(owners ? [] : ['--no-owner']),
    ...(privileges ? [] : ['--no-privileges']),
  ];
  if (manifest.dump.format === 'plain' && (args.length > 0 || isPartial(selection))) {
    throw new UsageError({
      what: 'A backup in plain SQL can be restored as a whole only',
      got: [...args, ...(isPartial(selection) ? ['--table, --schema or what excludes them'] : [])].join(' '),
      fix: 'Restore all of it into a new database (--create) and take from there what you need.',
    });
  }
  return args;
}
