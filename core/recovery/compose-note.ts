import { encodeName } from '../manifest/backup-id.ts';
import { folderOf } from '../manifest/recovery-note.ts';
import { codeBlock, codeSpan } from '../text/markdown.ts';
import { shellAssignment } from '../text/shell.ts';
import { formatDuration, plural } from '../text/units.ts';
import {
  beginning,
  checking,
  choosing,
  ending,
  fetching,
  looking,
  restoring,
  roles,
  settings,
  thawing,
  undeleting,
} from './commands.ts';
import type { NoteFacts } from './facts.ts';
import { markOf, type NoteMemory } from './mark.ts';
import { packagesOf } from './packages.ts';
import type { NotePlace } from './place.ts';

/** The heading under which the commands stand that need nothing of pgproof; a test runs each of its blocks. */
export const withoutHeading = '## Without pgproof';

const sh = (code: string): string => codeBlock('sh', code);

/**
 * RECOVERY.md: what lies in this folder and how to get it back, for somebody who has never heard of pgproof. Names, which may be
 * anything, are quoted for the shell and are no markup. Nothing in it changes from one night to the next.
 */
export function composeNote(facts: NoteFacts, place: NotePlace, memory: NoteMemory): string {
  const sections = [
    markOf(memory),
    `# How to get the database ${codeSpan(facts.database)} back`,
    `This folder holds backups of the PostgreSQL database ${codeSpan(facts.database)} of ${codeSpan(facts.source)}, made by pgproof. Each is what pg_dump wrote, ` +
      'and PostgreSQL’s own programs restore it. **Restore beside what is left, not over it**, and do not delete anything here.',
    whoToAsk(memory),
    '## What is here',
    whatIsHere(facts, place, memory),
    '## How a backup lies here',
    layout,
    '## With pgproof',
    withPgproof(facts, place),
    withoutHeading,
    ...without(facts, place),
    ...otherwise(place),
  ];
  return `${sections.join('\n\n')}\n`;
}

function whoToAsk({ contact }: NoteMemory): string {
  return contact === undefined
    ? 'Who to ask: nobody is named (`contact` in the configuration of pgproof, or `--contact`).'
    : `Who to ask: ${codeSpan(contact)}`;
}

const shownNames = 40;

/** Each as text that is no markup. */
function spans(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).map(codeSpan).join(', ');
  const more = names.length - shownNames;
  return more > 0 ? `${shown}, and ${more} more` : shown;
}

function whatIsHere(facts: NoteFacts, place: NotePlace, memory: NoteMemory): string {
  const { source, database, server, systemIdentifier, locale, took } = { ...facts, took: memory.took };
  const localeText =
    locale === undefined
      ? 'not recorded'
      : [locale.collate, locale.ctype, locale.provider, locale.locale, locale.rules]
          .filter((one, index, all): one is string => one !== undefined && all.indexOf(one) === index)
          .map(codeSpan)
          .join(', ');
  const cluster = systemIdentifier === undefined ? '' : `, system identifier ${codeSpan(systemIdentifier)}`;
  const lines = [
    `Place: ${codeSpan(place.here)}${place.endpoint === undefined ? '' : ` at ${codeSpan(place.endpoint)}`}`,
    `Source: ${codeSpan(source)}, database: ${codeSpan(database)}`,
    `Server: ${server === undefined ? 'not recorded' : codeSpan(server)}${cluster}`,
    `PostgreSQL: ${facts.serverMajor}; the programs have to be of ${facts.major} or newer`,
    `Format: ${codeSpan(facts.format)}, compressed by ${codeSpan(facts.compression)}`,
    `Encoding: ${codeSpan(facts.encoding)}; locale: ${localeText}. The target needs them`,
    `Extensions that the target needs: ${spans(facts.extensions) || 'none'}`,
    `Roles of the server, all in globals.sql: ${spans(facts.roles) || 'not recorded'}. ` +
      (facts.hasPasswords
        ? 'Their passwords come along'
        : 'They come back without passwords: set new ones (`ALTER ROLE … PASSWORD …`)'),
    ...(facts.tablespaces.length === 0
      ? []
      : [`Tablespaces, whose directories the target needs: ${spans(facts.tablespaces)}`]),
    ...(facts.isPartial ? ['**Tables are left out of it on purpose** (`leftOut` in manifest.json)'] : []),
    took === undefined
      ? 'How long a restore takes: none was measured when this was written (`timings` in verification.json)'
      : `How long a restore takes: ${formatDuration(took.restoreSeconds)}, and ${formatDuration(took.fetchSeconds)} to fetch it, when one was last proven (\`timings\` in verification.json)`,
  ];
  return `As of the backup of ${memory.of}; newer ones may differ, and the commands below go by what they find.\n\n${lines
    .map((line) => `- ${line}.`)
    .join('\n')}`;
}

const layout = `One folder for each backup, named after when it was started, in UTC (\`2026-11-20T02-00-00Z\`):

- \`archive.dump\` (custom format), \`archive.tar\`, \`archive/\` (directory), or \`archive.sql\` with \`.zst\`, \`.gz\` or \`.lz4\` (plain SQL): what pg_dump wrote.
- \`globals.sql\`: the roles and tablespaces of the server. \`database.sql\`, with plain SQL: owner, grants and settings of the database.
- \`manifest.json\`: what it holds, with the SHA-256 of every file. **Without it the folder is no backup.**
- \`verification.json\`: what was proven of it. \`verdict\` is \`proven\` (restored and compared), \`proven-without\`, \`intact\` (read whole), \`failed\` or \`unverifiable\`.
- \`summary.json\`, \`hold.json\`, \`release.json\`: notes of pgproof’s own.

**A dump is somebody’s program**: what could write into the database, or into this place, runs with your rights while it is restored. That goes for the commands of this file too: read them before you paste them.`;

function withPgproof({ source, database }: NoteFacts, place: NotePlace): string {
  const id = folderOf({ source, database });
  const endpoint = place.endpoint === undefined ? '' : ' --endpoint="$ENDPOINT" --path-style';
  const lines = [
    shellAssignment('STORE', place.url),
    ...(place.endpoint === undefined ? [] : [shellAssignment('ENDPOINT', place.endpoint)]),
    shellAssignment('SOURCE', source),
    shellAssignment('DATABASE', database),
    `pgproof list --store="$STORE"${endpoint} --name="$SOURCE" --database="$DATABASE"`,
    `pgproof show ${id}/latest --store="$STORE"${endpoint}`,
    `pgproof restore ${id}/latest --store="$STORE"${endpoint} --create --globals=apply --to=postgresql://postgres@new-host/${encodeName(database)}`,
  ];
  return `\`latest\` is the newest good backup; an id of the list names another. Roles that are superusers need \`--allow-superusers\`.\n\n${sh(lines.join('\n'))}`;
}

function without(facts: NoteFacts, place: NotePlace): string[] {
  return [
    'The commands are for `sh` or `bash` (start one of them first), one block after another in the same shell. Nothing is changed here by them. ' +
      'Where a block says that something is damaged or failed, stop.',
    '### 1. Programs',
    packagesOf(facts, place.kind),
    '### 2. Names',
    sh(beginning(place, facts)),
    `### 3. What there is`,
    `The newest ${plural(20, 'backup')}, each with its verdict; none means that it was never verified:`,
    sh(looking),
    '### 4. The newest good one',
    'Where two servers were backed up under one name, look at `server` in manifest.json first, and choose from the list yourself.',
    sh(choosing),
    '### 5. Fetch and check it',
    sh(fetching),
    sh(checking),
    '### 6. Where it goes',
    'psql and pg_restore connect as their environment says: `PGHOST`, `PGPORT`, `PGUSER` (a superuser, or the owner of everything), `PGPASSWORD` or `~/.pgpass`. ' +
      'A new server is best. This shows which one it is:',
    sh(`psql --no-psqlrc --dbname=postgres --command='SELECT current_user, inet_server_addr(), version()'`),
    '### 7. Roles',
    sh(roles),
    '### 8. Settings',
    'A setting of the database, which is restored with it, must not change values on their way in:',
    sh(settings()),
    '### 9. Restore',
    'Where a database of that name is there already it is refused, and nothing is changed: give `TARGET` another name then. Under another name the database’s own ' +
      'settings, owner and grants are not restored. Without the locale nothing is made: choose another one in `new_database`, if you can live with another order of texts.' +
      (facts.makesItself
        ? ''
        : ' The name of this database cannot be read again in its encoding, so it is made without its own settings, owner and grants.'),
    sh(restoring(facts)),
    '### 10. Before people are let in',
    sh(ending),
    'Compare the rows of some tables with `rows` in manifest.json, give roles their passwords, and take a backup.',
  ];
}

function otherwise({ kind }: NotePlace): string[] {
  if (kind === 'file')
    return [
      '## If files are missing or cannot be read',
      'They belong to the user that takes the backups, and nobody else may read them (0600): be that user, or root. Where this directory is mounted elsewhere ' +
        'change `HERE`. What was deleted is gone: ask for a copy in a second place.',
    ];
  return [
    '## If S3 refuses to read',
    '- `AccessDenied` that names KMS, or `KMS.DisabledException`: whoever reads needs `kms:Decrypt` on the key of the objects (`aws s3api head-object` tells which), and the key has to be enabled. ' +
      'A key whose deletion was asked for can still be rescued: `aws kms cancel-key-deletion`, `aws kms enable-key`.\n' +
      '- `AccessDenied` else: `s3:ListBucket` on the bucket and `s3:GetObject` below this folder are all that it takes.\n' +
      '- `InvalidObjectState`: the archive lies in GLACIER or DEEP_ARCHIVE. Have it thawed, which takes hours, and is readable for three days then; with pgproof `--thaw` does that.',
    sh(thawing),
    '## If backups were deleted',
    'In a bucket with versioning a deletion hides. Stop what deletes first: its credentials, prune, lifecycle rules. With pgproof `--as-of=2026-11-20T02:00:00Z` of ' +
      '`list`, `show` and `restore` reads the bucket as it was then, and changes nothing. Without it, delete the delete markers (`s3:DeleteObjectVersion`), and everything ' +
      'that was deleted below this folder is there again:',
    sh(undeleting),
  ];
}
