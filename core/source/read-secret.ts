import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { ConfigProblem } from '../config/problem.ts';
import type { SecretReference } from '../config/secret.ts';
import { messageOf } from '../errors.ts';
import { byteCount } from '../text/units.ts';

export type SecretPlaces = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the configuration: files are named relative to it. */
  readonly directory: string;
};

type Read =
  | { readonly secret: string; readonly problem?: undefined }
  | { readonly secret?: undefined; readonly problem: Omit<ConfigProblem, 'path'> };

/** A secret that is longer is another file than was meant. */
const mostBytes = 64 * 1024;

/** The secret that a configuration names, or why there is none. Nothing of it is in what is said. */
export async function readSecret(reference: SecretReference, places: SecretPlaces): Promise<Read> {
  if ('env' in reference) {
    const value = places.env[reference.env];
    if (value === undefined || value === '')
      return problem(
        `the environment variable ${reference.env}, which is ${value === '' ? 'empty' : 'not set'}`,
        'Set it where pgproof is started: cron and systemd hand over almost nothing of a shell.',
      );
    return checked(value, `the environment variable ${reference.env}`);
  }
  if ('file' in reference)
    return await fromFile(resolve(places.directory, reference.file), { isPrivate: true });
  const directory = places.env.CREDENTIALS_DIRECTORY;
  if (directory === undefined || !isAbsolute(directory))
    return problem(
      `the credential ${reference.credential}, and no CREDENTIALS_DIRECTORY`,
      'systemd sets it where the unit has LoadCredential=; elsewhere name an env or a file.',
    );
  // systemd makes the directory, for this service alone.
  return await fromFile(join(directory, reference.credential), { isPrivate: false });
}

function problem(got: string, fix: string): Read {
  return { problem: { got, expected: 'a secret there', fix } };
}

async function fromFile(path: string, { isPrivate }: { readonly isPrivate: boolean }): Promise<Read> {
  const where = `the file ${JSON.stringify(path)}`;
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { mode, size, uid } = await file.stat();
      if ((mode & constants.S_IFMT) !== constants.S_IFREG)
        return problem(`${where}, which is no plain file`, 'Name the file with the secret itself.');
      if (isPrivate && !isKept(mode, uid))
        return problem(
          `${where}, which others may read (mode ${(mode & 0o777).toString(8)})`,
          'chmod 600 it; a file of root may also be read by its group (640).',
        );
      if (size > mostBytes)
        return problem(`${where}, which has ${byteCount(size)}`, 'Name a file with the secret alone.');
      const text = await file.readFile('utf8');
      return checked(text.replace(/\r?\n$/, ''), where);
    } finally {
      await file.close();
    }
  } catch (error: unknown) {
    return problem(
      `${where}, which cannot be read (${messageOf(error)})`,
      'Correct the path, or let the user of pgproof read it.',
    );
  }
}

/** As ssh and libpq are with keys. */
function isKept(mode: number, uid: number): boolean {
  return (mode & 0o077) === 0 || (uid === 0 && (mode & 0o037) === 0);
}

function checked(secret: string, where: string): Read {
  if (secret === '') return problem(`${where}, which is empty`, 'Write the secret there.');
  if (/[\0\r\n]/.test(secret))
    return problem(`${where}, which has several lines`, 'Only the secret may stand there, in one line.');
  return { secret };
}
