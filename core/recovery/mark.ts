import * as z from 'zod';
import { visibleBeyondJson } from '../text/visible.ts';

/** What a note remembers, so that it stays as it is while nothing of weight changes. */
export type NoteMemory = {
  /** When the backup was started that the note was written by. */
  readonly of: string;
  /** How long the restore took that proved one, in whole seconds. */
  readonly took?: { readonly fetchSeconds: number; readonly restoreSeconds: number } | undefined;
  readonly contact?: string | undefined;
};

const seconds = z.number().nonnegative();
const memorySchema = z.looseObject({
  of: z.iso.datetime(),
  took: z.looseObject({ fetchSeconds: seconds, restoreSeconds: seconds }).optional(),
  contact: z.string().max(200).optional(),
});

const words = 'pgproof writes this file anew. Take this line out, and it leaves the file alone.';

/** The first line of a note of ours. Nothing in it ends the comment that it is. */
export function markOf(memory: NoteMemory): string {
  const json = visibleBeyondJson(JSON.stringify(memory))
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e');
  return `<!-- ${words} ${json} -->`;
}

/** What the first line of a file says; undefined where the file is none of ours. */
export function memoryIn(text: string): Partial<NoteMemory> | undefined {
  const end = text.indexOf('\n');
  const line = (end === -1 ? text : text.slice(0, end)).trimEnd();
  if (!line.startsWith(`<!-- ${words}`)) return undefined;
  const [, json = ''] = /(\{.*\}) -->$/.exec(line) ?? [];
  try {
    const result = memorySchema.safeParse(JSON.parse(json));
    return result.success ? result.data : {};
  } catch {
    // Ours, and damaged: it is written anew.
    return {};
  }
}
