/** Text of programs and servers, fit for a check's detail. */
export function oneLine(text: string): string {
  const line = text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return line.length <= 600 ? line : `${line.slice(0, 599)}…`;
}
