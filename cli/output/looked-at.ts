import { shellWord } from '../../core/text/shell-word.ts';
import { formatDuration, plural } from '../../core/text/units.ts';
import type { LookedAt } from '../../core/verify/look/with-restored.ts';
import type { Style } from './style.ts';

const shownLacking = 20;

/** What is not there although the backup holds it; nothing where all of it is. */
export function lackingLines(lacking: readonly string[], style: Style): string[] {
  if (lacking.length === 0) return [];
  const more = lacking.length - shownLacking;
  return [
    `${style.yellow('Careful:')} not all of it could be restored here; the rest is there:`,
    ...lacking.slice(0, shownLacking).map((line) => `  ${style.yellow('!')} ${line}`),
    ...(more > 0 ? [`  and ${plural(more, 'line')} more`] : []),
  ];
}

const held = { sandboxed: 'contained', 'own-machine': 'on a machine of its own', unsandboxed: 'uncontained' };

/** How long it took, and that nothing of it stays. */
export function restoredLine({ restoreSeconds, serverVersion, isolation }: LookedAt): string {
  return `Restored in ${formatDuration(restoreSeconds)} into a private PostgreSQL ${serverVersion}, ${held[isolation.kind]}. Change what you like: all of it is gone when psql ends.`;
}

/** For a person at a terminal: how rows get out, and how other programs get in. */
export function wayLines(
  { parameters: { host, port, user, database } }: LookedAt,
  conninfo: string,
): string[] {
  const isPlain = /^[\w.-]+$/.test(database) && /^[\w.-]+$/.test(user) && !database.startsWith('-');
  const place = isPlain
    ? `-h ${shellWord(host)}${port === 5432 ? '' : ` -p ${port}`} -U ${user} -d ${database}`
    : `-d ${shellWord(conninfo)}`;
  return [
    "  Rows into a file       \\copy (SELECT …) TO 'rows.csv' CSV HEADER",
    `  From another terminal  psql ${place}`,
    `  Rows back              pg_dump ${place} --data-only --table=TABLE | psql YOUR-DATABASE`,
    '  Leave                  \\q',
  ];
}
