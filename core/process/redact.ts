const mask = '***';

// The password of a URL. For PostgreSQL's own up to the last @, because people do not always encode it.
const postgresUrl = /(\bpostgres(?:ql)?:\/\/[^\s:@/]*):\S*@/gi;
const anyUrl = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]*@/gi;
// `password=…`, `PGPASSWORD=…`, `sslpassword='…'`: quoted as in connection strings, or up to a blank or &.
const pair = /(password\s*=\s*)(?:'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|[^\s&'"]+)/gi;
const json = /("[^"]*password"\s*:\s*)"(?:[^"\\]|\\.)*"?/gi;
// What makes a presigned URL, such as an IAM token of RDS, worth stealing.
const signature = /(X-Amz-(?:Signature|Security-Token)=)[^&\s"']+/gi;

/**
 * Takes secrets out of a text: the given ones, also as they look in a URL, in JSON and in a connection string,
 * and whatever looks like a password by its place.
 * @param secrets undefined and empty ones are ignored
 */
export function redactor(secrets: readonly (string | undefined)[]): (text: string) => string {
  const known = new Set(secrets.flatMap((secret) => (secret ? spellings(secret) : [])));
  // The longest first: a secret may be a part of another, or of its own encoded form.
  const ordered = [...known].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const spelling of ordered) clean = clean.replaceAll(spelling, mask);
    return clean
      .replace(postgresUrl, `$1:${mask}@`)
      .replace(anyUrl, `$1:${mask}@`)
      .replace(pair, `$1${mask}`)
      .replace(json, `$1"${mask}"`)
      .replace(signature, `$1${mask}`);
  };
}

function spellings(secret: string): string[] {
  const percent = encodeURIComponent(secret.toWellFormed());
  return [
    secret,
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    percent.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`),
    percent.replaceAll('%20', '+'),
    JSON.stringify(secret).slice(1, -1),
    secret.replace(/[\\']/g, '\\$&'),
  ];
}
