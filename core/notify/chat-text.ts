/**
 * Text as a chat shows it, with no markup of its own: names and error messages are other people's, and Slack and Teams make
 * links of `<…|…>` and `[…](…)`, call everybody at `<!channel>`, and follow bare addresses. Slack asks for `&`, `<` and `>`
 * as entities ("Formatting text for app surfaces"); Teams shows them as the characters that they are.
 */
export function chatText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('`', "'")
    .replace(/\](?=[([:])/g, '] ')
    .replace(/\b(https?|ftp|file|mailto|tel|javascript|data):(?=\S)/gi, '$1: ')
    .replace(/@(?=(?:channel|here|everyone|all)\b)/gi, '@ ');
}
