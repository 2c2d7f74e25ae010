/** What a line of a password file must match. `host` is the socket's directory where there is one. */
export type PasswordRequest = {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
};

// libpq takes `localhost` for the directory it was built with; both of the usual ones count here.
const defaultSocketDirectories = ['/var/run/postgresql', '/tmp'];

/**
 * Finds the password in the text of a password file (the manual, "The Password File"): lines of
 * `host:port:database:user:password`, `*` for anything, `\:` and `\\` for the characters themselves. The first
 * line that matches counts. An empty password is none.
 */
export function findPassword(fileText: string, wanted: PasswordRequest): string | undefined {
  const hosts = defaultSocketDirectories.includes(wanted.host) ? ['localhost', wanted.host] : [wanted.host];
  for (const line of fileText.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const [host, port, database, user, password] = splitLine(line);
    if (password === undefined) continue;
    const matches =
      hosts.some((name) => fits(host, name)) &&
      fits(port, String(wanted.port)) &&
      fits(database, wanted.database) &&
      fits(user, wanted.user);
    if (matches) return password.text === '' ? undefined : password.text;
  }
  return undefined;
}

/**
 * Why libpq would not read a password file with this mode, or undefined if it would. The file is then ignored.
 * `mode` is st_mode of a stat that follows links.
 */
export function passwordFileProblem(path: string, mode: number, isFile: boolean): string | undefined {
  if (!isFile) return `password file "${path}" is not a plain file; it is ignored`;
  if ((mode & 0o077) === 0) return undefined;
  return `password file "${path}" can be read by others; it is ignored (chmod 600 it)`;
}

type Field = { readonly text: string; readonly isWildcard: boolean };

function fits(field: Field | undefined, value: string): boolean {
  return field !== undefined && (field.isWildcard || field.text === value);
}

/** The first five fields; what follows the password's own colon is ignored, as libpq does. */
function splitLine(line: string): Field[] {
  const fields: Field[] = [];
  let text = '';
  let escaped = false;
  const finish = (): void => {
    fields.push({ text, isWildcard: text === '*' && !escaped });
    text = '';
    escaped = false;
  };
  for (let at = 0; at < line.length && fields.length < 5; at += 1) {
    if (line[at] === ':') {
      finish();
    } else if (line[at] === '\\' && at + 1 < line.length) {
      at += 1;
      text += line.charAt(at);
      escaped = true;
    } else {
      text += line.charAt(at);
    }
  }
  if (fields.length < 5) finish();
  return fields;
}
