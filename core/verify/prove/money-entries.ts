import type { Toc, TocEntry } from '../../postgres/archive/toc.ts';
import { affectedBy } from '../../postgres/archive/toc.ts';
import { describeLeftOut } from './left-out.ts';
import { type ArchiveSqlRequest, archiveSql } from './schema-sql.ts';

/** What of an archive has amounts of money in it, which mean nothing under another locale than the source's. */
export type MoneyEntries = {
  readonly locale: string;
  /** To be left out, with all that needs them. */
  readonly entries: readonly TocEntry[];
  /** For people: names the columns. */
  readonly detail: string;
};

/** Undefined where nothing of the archive is money. @throws ChildFailed */
export async function moneyEntries(
  locale: string,
  toc: Toc,
  request: Omit<ArchiveSqlRequest, 'entries' | 'parts'>,
): Promise<MoneyEntries | undefined> {
  const sql = await archiveSql({ ...request, parts: ['--schema-only', '--verbose'] });
  const found = moneyIn(sql);
  if (found.size === 0) return undefined;
  const affected = affectedBy(toc, new Map([...found.keys()].map((id) => [id, true])));
  const entries = toc.entries.filter(({ dumpId }) => affected.has(dumpId));
  const columns = [...found.values()].flat();
  const lacking = columns.length === 0 ? `locale "${locale}"` : `locale "${locale}" (of ${shownOf(columns)})`;
  return {
    locale,
    entries,
    detail: `locale "${locale}", which its money is in, is missing here; ${describeLeftOut([lacking], entries)}`,
  };
}

const cast = /::money(?:\[\])*(?=[\s,;:)]|$)/;
const column = /^ {4}("(?:[^"]|"")+"|[^\s"(]+) money(?:\[\])*(?=[\s,]|$)/gm;
/** Of what names types in lists or behind words. In an index or a view the same word is a column, and a type only in a cast. */
const anywhere = /(?:::|[\s(,])money(?:\[\])*(?=[\s,;:)]|$)/;
const namesTypes =
  /; Type: (?:AGGREGATE|CAST|COLLATION|DOMAIN|FUNCTION|OPERATOR|OPERATOR CLASS|PROCEDURE|TYPE|TRANSFORM);/;
/** Strings and the bodies of functions, which nothing looks into while they are restored; comments. */
const quoted = /'(?:[^']|'')*'|(\$\w*\$)[\s\S]*?\1|^--.*$/gm;
const name = '(?:"(?:[^"]|"")+"|[^\\s"(]+)';
const made = new RegExp(`^CREATE (?:\\w+ )*TABLE (${name})`, 'm');

/**
 * The entries that speak of money, by dump id, with the columns of tables that are money: `public.bill.total`.
 * @param sql what pg_restore writes with `--schema-only --verbose`, which tells the dump id of every entry
 */
export function moneyIn(sql: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const block of sql.split(/^(?=-- TOC entry \d+ )/m)) {
    const [, id] = /^-- TOC entry (\d+) /.exec(block) ?? [];
    const text = block.replace(quoted, "''");
    const [, table] = made.exec(text) ?? [];
    const columns = table === undefined ? [] : [...text.matchAll(column)].map(([, own]) => `${table}.${own}`);
    const isOther = namesTypes.test(block) ? anywhere.test(text) : cast.test(text);
    if (id !== undefined && (isOther || columns.length > 0)) found.set(Number(id), columns);
  }
  return found;
}

const shown = 10;

function shownOf(columns: readonly string[]): string {
  const more = columns.length - shown;
  // The SQL is read byte by byte.
  const text = (one: string): string => Buffer.from(one, 'latin1').toString('utf8');
  const all = columns.slice(0, shown).map(text).join(', ');
  return more > 0 ? `${all}, and ${more} more` : all;
}
