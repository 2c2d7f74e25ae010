import { decodeName, encodeName, parseId } from '../manifest/backup-id.ts';
import type { Outcome } from '../notify/alert.ts';
import { describeFailure } from '../notify/describe-failure.ts';
import { plural } from '../text/units.ts';
import type { CopyLine, CopyReport } from './request.ts';

const toldErrors = 5;

/** A source or a database of which nobody knows what there is to copy. */
function closedOutcomes({ from, to, closed = [] }: CopyReport, at: Date, fix: string): Outcome[] {
  return closed.map(({ folder, why }): Outcome => {
    const [source = '', database] = folder.split('/').map(decodeName);
    const about = { work: 'copy', result: 'failed', source, database, store: to, at } as const;
    return { ...about, what: `${folder} of ${from} cannot be looked into`, words: why, fix };
  });
}

/**
 * What people are told of a copy: of each database one message, whatever the number of its backups. Where something could
 * not be copied only that is told.
 *
 * @param fix what to do about it, where it is not to be copied by hand
 */
export function copyOutcomes(
  report: CopyReport,
  at: Date,
  fix = `Mend what is named, then: pgproof copy --all-missing --store ${report.from} --to ${report.to}`,
): Outcome[] {
  const { from, to, backups } = report;
  const ofDatabases = [...byDatabase(backups).values()].flatMap((lines): Outcome[] => {
    const [first] = lines;
    if (first === undefined) return [];
    const { source, database } = parseId(first.id);
    const about = { work: 'copy', source, database, store: to, at } as const;
    const failed = lines.flatMap((line) => (line.kind === 'failed' ? [line] : []));
    const [worst] = failed;
    if (worst !== undefined) {
      const errors = [...new Set(failed.map(({ error }) => error))];
      const more = errors.length > toldErrors ? [`and ${errors.length - toldErrors} other problems`] : [];
      return [
        {
          ...about,
          result: 'failed',
          id: worst.id,
          what: `${plural(failed.length, 'backup')} could not be copied from ${from}; the first place still has what it had`,
          headline: worst.error.split('\n')[0],
          words: [...errors.slice(0, toldErrors), ...more].join('\n'),
          fix,
        },
      ];
    }
    const copied = lines.flatMap((line) => (line.kind === 'copied' ? [line] : []));
    const [newest] = copied;
    if (newest === undefined) return [];
    return [
      {
        ...about,
        result: 'good',
        id: newest.id,
        what: `${plural(copied.length, 'backup')} copied from ${from}, and checked there`,
        bytes: copied.reduce((sum, { bytes }) => sum + bytes, 0),
        seconds: copied.reduce((sum, { seconds }) => sum + seconds, 0),
      },
    ];
  });
  return [...closedOutcomes(report, at, fix), ...ofDatabases];
}

/** The same where one of the places could not even be looked at. @param source undefined: all that there are */
export function wholeFailure(
  error: unknown,
  { from, to, source }: { readonly from: string; readonly to: string; readonly source: string | undefined },
  at: Date,
): Outcome {
  const about = { work: 'copy', result: 'failed', source: source ?? 'all sources', store: to, at } as const;
  return { ...about, remarks: [`copied from ${from}`], ...describeFailure(error) };
}

function byDatabase(lines: readonly CopyLine[]): Map<string, CopyLine[]> {
  const found = new Map<string, CopyLine[]>();
  for (const line of lines) {
    const { source, database } = parseId(line.id);
    const name = `${encodeName(source)}/${encodeName(database)}`;
    found.set(name, [...(found.get(name) ?? []), line]);
  }
  return found;
}
