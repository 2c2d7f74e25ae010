import type { Client } from 'pg';
import type { RestoreSetting } from './restore-settings.ts';

/** How a server is had to answer in English. Quoted where it stands in SQL: there is no locale `c`. */
export const english: RestoreSetting = { name: 'lc_messages', value: 'C' };

/** In which language a server will answer, as far as that is up to the role. */
export type Language = {
  /** What to set for English; empty where the role may not: `lc_messages` is the superuser's. */
  readonly settings: readonly RestoreSetting[];
  /** What the server calls an error otherwise: `FEHLER`, `ERROR`. Undefined where it did not tell. */
  readonly errorWord: string | undefined;
};

/** Nothing is changed: a pooler gives its sessions to others afterwards. */
export async function languageOf(client: Client): Promise<Language> {
  try {
    await client.query(`set local ${english.name} = '${english.value}'`);
    return { settings: [english], errorWord: undefined };
  } catch (error: unknown) {
    return { settings: [], errorWord: severityOf(error) };
  }
}

/** What a server calls an error, asked where its words cannot be had in English: it is made to give one. */
export async function errorWordOf(client: Client): Promise<string | undefined> {
  return await client.query('select 1 / 0').then(() => undefined, severityOf);
}

/** For the session, where what is refused in it is judged by its words. Where the role may not, they stay as they are. */
export async function speakEnglish(client: Client): Promise<void> {
  await client
    .query('select pg_catalog.set_config($1, $2, false)', [english.name, english.value])
    .catch(() => undefined);
}

/** As the server sends it, in its language (the manual, "Error and Notice Message Fields", S). */
function severityOf(error: unknown): string | undefined {
  const { severity } = error as { readonly severity?: unknown };
  return typeof severity === 'string' ? severity : undefined;
}

/** `FEHLER:  ` in front of what a server said, be it after a program's own words; English is no such thing. */
export function withErrorInEnglish(errorWord: string | undefined): (line: string) => string {
  if (errorWord === undefined || errorWord === 'ERROR') return (line) => line;
  // Two spaces, as libpq writes them. The first one only: what comes after it is the message.
  const mark = `${errorWord}:  `;
  return (line) => {
    const at = line.indexOf(mark);
    const isBehindWords = at >= 2 && line.slice(at - 2, at) === ': ';
    if (at !== 0 && !isBehindWords) return line;
    return `${line.slice(0, at)}ERROR:  ${line.slice(at + mark.length)}`;
  };
}
