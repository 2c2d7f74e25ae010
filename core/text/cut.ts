/**
 * As much of a text as is kept in memory of one that may be as long as a document; nothing else is changed in it. A copy:
 * a part of a text keeps the whole of it alive.
 */
export function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${Buffer.from(text.slice(0, limit - 1)).toString()}…`;
}
