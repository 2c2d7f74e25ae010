import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { messageOf, PgproofError } from '../core/errors.ts';
import type { Report } from '../core/report/document.ts';
import { makeReport } from '../core/report/make-report.ts';
import { reportPage } from '../core/report/page/page.ts';
import { periodOf } from '../core/report/period.ts';
import { policyDefaults } from '../core/retention/policy.ts';
import { plural } from '../core/text/units.ts';
import { visibleBeyondJson } from '../core/text/visible.ts';
import { version } from '../core/version.ts';
import { interruptible } from './interrupt.ts';
import { nameOf, type StoreFlags, storeCommand, storeFrom } from './options.ts';
import { tell } from './output/edge.ts';
import { reportLines } from './output/report-table.ts';
import { printJson, printLines } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { thisPerson } from './this-person.ts';

type ReportFlags = StoreFlags & {
  readonly month: string;
  readonly name?: string;
  readonly database?: string;
  readonly timeZone: string;
  readonly json?: true;
  readonly html?: string;
  readonly out?: string;
  readonly failOnGaps?: true;
};

/** The report was made, and says what was asked to be told by the exit status. */
export class GapsFound extends PgproofError {
  override readonly name = 'GapsFound';
}

export function reportCommand(): Command {
  return storeCommand('report')
    .description('the evidence of a month: backups, proofs, gaps, measured recovery time and point')
    .requiredOption('--month <month>', '2026-11, or last: the one before this one')
    .option('--name <name>', 'only of this source', nameOf)
    .option('--database <name>', 'only of this database', nameOf)
    .option(
      '--time-zone <zone>',
      'whose days and months are meant, such as Europe/Berlin',
      policyDefaults.timeZone,
    )
    .option('--html <file>', 'write it as one page to this file', nameOf)
    .option('--out <directory>', 'write pgproof-report-MONTH.json and .html into this directory', nameOf)
    .option('--fail-on-gaps', 'exit status 1 where there are gaps')
    .action(run);
}

async function run(flags: ReportFlags): Promise<void> {
  const madeAt = new Date();
  const period = periodOf(flags.month, flags.timeZone, madeAt);
  const store = await storeFrom(flags);
  const report = await interruptible((signal) =>
    makeReport(
      store,
      {
        period,
        filter: { source: flags.name, database: flags.database },
        by: thisPerson(),
        version,
      },
      { madeAt, signal },
    ),
  );
  const written = await writeFiles(report, flags);
  if (flags.json) printJson(report);
  else printLines(reportLines(report, styleFor(process.stdout), process.stdout.columns));
  tell(
    process.stderr,
    written.map((file) => `Written: ${file}`),
  );
  if (flags.failOnGaps && report.hasGaps) throw gapsFound(report);
}

async function writeFiles(report: Report, { html, out }: ReportFlags): Promise<string[]> {
  const files: (readonly [string, Iterable<string>])[] = [];
  if (html !== undefined) files.push([html, reportPage(report)]);
  if (out !== undefined) {
    await mkdir(out, { recursive: true }).catch((error: unknown) => {
      throw notWritten(out, error);
    });
    const name = join(out, `pgproof-report-${report.month}`);
    files.push([`${name}.json`, [`${visibleBeyondJson(JSON.stringify(report, null, 2))}\n`]]);
    files.push([`${name}.html`, reportPage(report)]);
  }
  for (const [file, content] of files) await writeWhole(file, content);
  return files.map(([file]) => file);
}

/** A file appears whole, or stays as it was. What is no file (`/dev/stdout`, a pipe) is just written to. */
async function writeWhole(file: string, content: Iterable<string>): Promise<void> {
  try {
    const there = await stat(file).catch(() => undefined);
    if (there !== undefined && !there.isFile())
      return await pipeline(Readable.from(content), createWriteStream(file));
    const own = `${file}.${randomBytes(6).toString('hex')}`;
    try {
      await pipeline(Readable.from(content), createWriteStream(own, { flags: 'wx', flush: true }));
      await rename(own, file);
    } catch (error: unknown) {
      await rm(own, { force: true });
      throw error;
    }
  } catch (error: unknown) {
    throw notWritten(file, error);
  }
}

function notWritten(file: string, cause: unknown): PgproofError {
  return new PgproofError(
    { what: `${file} cannot be written`, got: messageOf(cause), fix: 'Name another place.' },
    { cause },
  );
}

function gapsFound({ totals, databases, month, isWhole }: Report): GapsFound {
  const vanished = databases.filter((one) => one.vanished !== null).length;
  return new GapsFound({
    what: `There are gaps in the backups of ${month}`,
    got:
      databases.length === 0
        ? 'no backup of any database'
        : `${isWhole ? '' : 'a folder that cannot be looked into, '}${plural(totals.gapDays, 'day')} of databases without a backup that counts, ${plural(vanished, 'database')} not backed up any more`,
    fix: 'The report names them. Leave --fail-on-gaps out to have it without this exit status.',
  });
}
