import type { TocEntry } from '../archive/toc.ts';

/** The plain name of what a message misses: `relation "public.t" does not exist`, `function public.f(text) …`. */
export function nameIn(reason: string): string | undefined {
  const [, called] =
    /(?:function|procedure|aggregate) ((?:"(?:[^"]|"")+"|[^\s"(])+)\(.*\) does not exist/s.exec(reason) ?? [];
  if (called !== undefined) return lastPart(called);
  const [, quoted] =
    /"((?:[^"]|"")+)"(?: of relation ".+"| for access method ".+")? does not exist/.exec(reason) ?? [];
  return quoted === undefined ? undefined : lastPart(quoted);
}

/** Whether one of these entries has that name, as `pg_restore --list` writes it among schema and owner. */
export function namesIn(entries: readonly TocEntry[]): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const answer =
      known.get(name) ??
      entries.some(({ label }) => ` ${label} `.includes(` ${name} `) || ` ${label}`.includes(` ${name}(`));
    known.set(name, answer);
    return answer;
  };
}

function lastPart(name: string): string {
  const [, last = name] = /\.(?:"((?:[^"]|"")+)"|[^".]+)$/.exec(name) ?? [];
  if (last !== name) return last.replaceAll('""', '"');
  return name.slice(name.lastIndexOf('.') + 1).replaceAll('"', '');
}
