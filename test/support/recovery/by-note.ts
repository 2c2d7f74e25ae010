import { execFile } from 'node:child_process';
import { access, chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { withoutHeading } from '../../../core/recovery/compose-note.ts';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../../..');

/** What Debian has of itself, and the packages that the note names: nothing else can be run. No node, no jq. */
const debian = [
  'awk cat cut date grep head ls mkdir printf sed sha256sum sort tail tr',
  'gzip lz4 zstd',
  'ln rm sh sleep uname',
]
  .join(' ')
  .split(' ');
const postgres = ['psql', 'pg_restore'];

/** The blocks of commands in a section of Markdown, in their order. */
export function blocksUnder(markdown: string, heading: string): string[] {
  const begin = markdown.indexOf(`\n${heading}\n`);
  if (begin === -1) throw new Error(`There is no ${heading}`);
  const rest = markdown.slice(begin + heading.length + 2);
  const section = rest.split(/\n## /)[0] ?? '';
  return [...section.matchAll(/^(`{3,})sh\n(.*?)\n\1$/gms)].map(([, , code = '']) => code);
}

/**
 * A directory with the programs that somebody has who has nothing but Debian's packages: links, so that nothing else of
 * /usr/bin is within reach.
 *
 * @param programs directory of psql and its like
 */
export async function debianPath(directory: string, programs: string): Promise<string> {
  const bin = join(directory, 'bin');
  await mkdir(bin);
  for (const name of debian) {
    const found = await firstOf(['/usr/bin', '/bin'], name);
    if (found !== undefined) await symlink(found, join(bin, name));
  }
  for (const name of postgres) {
    const file = join(bin, name);
    await writeFile(file, `#!/bin/sh\nexec '${join(programs, name)}' "$@"\n`);
    await chmod(file, 0o755);
  }
  return bin;
}

async function firstOf(directories: readonly string[], name: string): Promise<string | undefined> {
  for (const directory of directories) {
    const file = join(directory, name);
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/**
 * The AWS command line where the machine has none: with the SDK, no byte of it through pgproof, and only these calls, with the
 * arguments of the real one: `s3 ls PREFIX/`, `s3 cp OBJECT -`, `s3 cp --recursive --only-show-errors PREFIX/ DIRECTORY/`.
 */
const standIn = `#!${process.execPath}
const { createRequire } = require('node:module');
const { mkdirSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { S3Client, ListObjectsV2Command, GetObjectCommand } = createRequire(${JSON.stringify(join(repository, 'package.json'))})('@aws-sdk/client-s3');
const args = process.argv.slice(2);
const client = new S3Client({ forcePathStyle: true });
const parts = (url) => { const [, Bucket, key] = /^s3:\\/\\/([^/]+)\\/(.*)$/.exec(url); return { Bucket, key }; };
const calls = {
  'ls 1': async ([url]) => {
    const { Bucket, key } = parts(url);
    const { CommonPrefixes = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: key, Delimiter: '/' }));
    for (const { Prefix } of CommonPrefixes) console.log('                           PRE ' + Prefix.slice(key.length));
  },
  'cp 2': async ([url, to]) => {
    if (to !== '-') throw new Error('Only to standard output: ' + to);
    const { Bucket, key } = parts(url);
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: key }));
    process.stdout.write(await Body.transformToByteArray());
  },
  'cp 4': async ([recursive, quiet, url, to]) => {
    if (recursive !== '--recursive' || quiet !== '--only-show-errors') throw new Error('Not known here: ' + args);
    const { Bucket, key } = parts(url);
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: key }));
    for (const { Key } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      const file = join(to, Key.slice(key.length));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, await Body.transformToByteArray());
    }
  },
};
const call = args[0] === 's3' ? calls[args[1] + ' ' + (args.length - 2)] : undefined;
if (call === undefined) throw new Error('Not known here: ' + args);
call(args.slice(2)).catch((error) => { console.error(String(error)); process.exit(1); });
`;

/** Puts an AWS command line into the directory: the machine's own where it has one. @returns whether it is that */
export async function withAwsCommand(bin: string): Promise<boolean> {
  const path = process.env.PATH ?? '';
  const isReal = await run('aws', ['--version'], { env: { PATH: path, HOME: process.env.HOME } }).then(
    () => true,
    () => false,
  );
  const file = join(bin, 'aws');
  const own = `#!/bin/sh\nPATH='${path}' HOME='${process.env.HOME ?? ''}' exec aws "$@"\n`;
  await writeFile(file, isReal ? own : standIn);
  await chmod(file, 0o755);
  return isReal;
}

export type ByNote = { readonly stdout: string; readonly stderr: string };

/**
 * Follows a note: each block of commands under "Without pgproof" as it stands, one after another in one shell, which ends with
 * the first command that fails.
 *
 * @param change of the blocks, as the note invites its reader to
 */
export async function followNote(request: {
  readonly note: string;
  readonly bin: string;
  readonly work: string;
  readonly target: ConnectionParameters;
  readonly env?: Readonly<Record<string, string>>;
  readonly change?: (script: string) => string;
}): Promise<ByNote> {
  const { note, bin, work, target, env = {}, change = (script: string) => script } = request;
  const script = change(blocksUnder(note, withoutHeading).join('\n'));
  return await run(join(bin, 'sh'), ['-e', '-u', '-c', script], {
    cwd: work,
    maxBuffer: 2 ** 26,
    env: { ...childEnvironment(target), ...env, PATH: bin, HOME: work },
  });
}
