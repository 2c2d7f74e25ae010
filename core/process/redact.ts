const mask = '***';

// The password of a URL. For PostgreSQL's own up to the last @, because people do not always encode it.
const postgresUrl = /(\bpostgres(?:ql)?:\/\/[^\s:@/]*):\S*@/gi;
// For others too, but that a port is none, whatever comes behind it.
const anyUrl = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):(?!\d+(?:\/|$))[^\s"']*@/gi;
// A connection string inside SQL: CREATE SUBSCRIPTION … CONNECTION '…', where '' is a quote of its own.
const subscription = /(\bCONNECTION\s+)E?'(?:[^']|'')*'?/g;
// `password=…`, `PGPASSWORD=…`, `sslpassword='…'`: quoted as in connection strings, or up to a blank or &.
const pair =
  /((?:password|passphrase|secret)\s*=\s*)(?:''(?:[^'])*''|'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|[^\s&'"]+)/gi;
// SQL: the options of a server, a user mapping or a foreign table, and the hash of a role.
const option =
  /(\b[a-z_]*(?:password|passwd|passphrase|secret|_token|credentials?|api_?key|access_?key)[a-z_]*"?\s+)E?'(?:[^']|'')*'?/gi;
const json = /("[^"]*(?:password|secret|token)"\s*:\s*)"(?:[^"\\]|\\.)*"?/gi;
// How PostgreSQL keeps a password: md5 and 32 digits, or SCRAM's iterations, salt and keys.
const hash = /\bmd5[0-9a-f]{32}\b|\bSCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+/g;
// What makes a presigned URL, such as an IAM token of RDS, worth stealing.
const signature = /(X-Amz-(?:Signature|Security-Token)=)[^&\s"']+/gi;

/**
 * Takes secrets out of a text: the given ones, also as they look in a URL, in JSON and in a connection string,
 * and whatever looks like a password by its place. A given one is taken out where it stands as a word of its own, so
 * that a short one (`lim`) does not eat a part of another (`limited`); one that can be no word, everywhere.
 * @param secrets undefined and empty ones are ignored
 */
export function redactor(secrets: readonly (string | undefined)[]): (text: string) => string {
  const known = new Set(secrets.flatMap((secret) => (secret ? spellings(secret) : [])));
  // The longest first: a secret may be a part of another, or of its own encoded form.
  const ordered = [...known].sort((a, b) => b.length - a.length).map(finderOf);
  return (text) => {
    let clean = text;
    for (const finder of ordered) clean = clean.replace(finder, mask);
    return clean
      .replace(postgresUrl, `$1:${mask}@`)
      .replace(anyUrl, `$1:${mask}@`)
      .replace(subscription, `$1'${mask}'`)
      .replace(pair, `$1${mask}`)
      .replace(option, `$1'${mask}'`)
      .replace(json, `$1"${mask}"`)
      .replace(hash, mask)
      .replace(signature, `$1${mask}`);
  };
}

/** For what is told at last, whoever made it: only what looks like a secret by its place. */
export const withoutSecrets: (text: string) => string = redactor([]);

const letter = String.raw`[\p{L}\p{M}\p{N}_]`;
// A letter may also end an escape: \n in JSON, %2F in a URL.
const notInWordBefore = String.raw`(?:(?<!${letter})|(?<=\\[bfnrt])|(?<=%[\dA-Fa-f]{2}))`;
const notInWordBehind = `(?!${letter})`;
const delimiterBefore = String.raw`(?<![^\s:=@'"])`;
const delimiterBehind = String.raw`(?![^\s:=@'"&])`;

/** Where a secret, in one of its spellings, is taken for one. */
function finderOf(spelling: string): RegExp {
  const text = escaped(spelling);
  if (isRandom(spelling)) return new RegExp(text, 'gu');
  // A point or a dash alone is in every other sentence: only where a password may stand.
  if (!new RegExp(letter, 'u').test(spelling) && spelling.length < 4)
    return new RegExp(`${delimiterBefore}${text}${delimiterBehind}`, 'gu');
  const starts = new RegExp(`^${letter}`, 'u').test(spelling) ? notInWordBefore : '';
  const ends = new RegExp(`${letter}$`, 'u').test(spelling) ? notInWordBehind : '';
  return new RegExp(`${starts}${text}${ends}`, 'gu');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

/** Long, and of three kinds of characters at least: no name, and no word, has it in it by chance. */
function isRandom(secret: string): boolean {
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(secret));
  return secret.length >= 12 && kinds.length >= 3;
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
    secret.replaceAll("'", "''"),
  ];
}
