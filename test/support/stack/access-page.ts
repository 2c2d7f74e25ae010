import type { Template } from 'aws-cdk-lib/assertions';
import { type S3Headers, s3Asks } from '../aws/iam.ts';
import { Deployed } from './deployed.ts';
import { resources, type Statement, spell, statementsIn, statementsOf } from './stack.ts';

const roles = {
  backup: 'ordersprodBackupRole',
  verify: 'ordersprodVerifyRole',
  restore: 'ordersprodRestoreRole',
  prune: 'RetentionPruneRole',
  copy: 'CopiesoffsiteCopyRole',
  log: 'BackupLogRole',
  scheduler: 'ordersprodSchedulesRole',
  'scheduler of prune': 'RetentionDailyRole',
  'scheduler of copy': 'CopiesoffsiteDailyRole',
} as const;
/** Where the example copies to. */
const copies = 'arn:aws:s3:::acme-offsite';
const functions = ['backup', 'verify', 'restore', 'prune'] as const;

const exampleBackup = 'orders-prod/app/2026-11-20T02-00-00Z';
/** What people call an object, and a key of it. */
const objects: readonly (readonly [string, string])[] = [
  ['archive', `${exampleBackup}/archive.dump`],
  ...['globals.sql', 'database.sql', 'manifest.json', 'summary.json', 'verification.json', 'hold.json'].map(
    (name) => [name, `${exampleBackup}/${name}`] as const,
  ),
  ...['release.json', 'pruned.json'].map((name) => [name, `${exampleBackup}/${name}`] as const),
  ['verification.kept-….json', `${exampleBackup}/verification.kept-0123456789abcdef.json`],
  ['prune.json', 'orders-prod/app/prune.json'],
  ['RECOVERY.md', 'orders-prod/app/RECOVERY.md'],
  ['status/', 'status/index.html'],
  ["another source's", exampleBackup.replace('orders-prod', 'crm').concat('/manifest.json')],
];

const rights: readonly (readonly [string, string, S3Headers])[] = [
  ['read', 'GetObject', {}],
  ['create', 'PutObject', { 'if-none-match': '*' }],
  ['tag', 'PutObjectTagging', { 'x-amz-tagging': 'pgproof=archive' }],
  ['replace', 'PutObject', {}],
  ['delete', 'DeleteObject', {}],
];

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.trim()).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

async function rightsOn(
  deployed: Deployed,
  role: string,
  key: string,
  bucketArn = deployed.arn('AWS::S3::Bucket', 'Bucket'),
): Promise<string> {
  const held: string[] = [];
  for (const [word, operation, headers] of rights) {
    if (await deployed.allows(role, s3Asks(operation, bucketArn, key, headers))) held.push(word);
  }
  return held.join(', ');
}

async function objectTable(deployed: Deployed): Promise<string> {
  const rows: string[][] = [];
  for (const [name, key] of objects) {
    const cells = [name];
    for (const role of functions) cells.push(await rightsOn(deployed, roles[role], key));
    cells.push(await rightsOn(deployed, roles.copy, key), await rightsOn(deployed, roles.copy, key, copies));
    rows.push(cells);
  }
  return table(['object', ...functions, 'copy', 'copy, there'], rows);
}

const code = (texts: readonly string[]): string => texts.map((text) => `\`${text}\``).join(', ');
const short = (resource: string): string =>
  resource.replace('<Bucket.Arn>/', '').replace('????-??-??T??-??-??Z', 'TIME');

function conditionsOf(conditions: unknown): string {
  return Object.entries((conditions ?? {}) as Record<string, Record<string, unknown>>)
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(
        ([key, value]) => `\`${key}\` ${operator} ${code([value].flat().map((one) => short(spell(one))))}`,
      ),
    )
    .join('; ');
}

function statementTable(statements: readonly Statement[]): string {
  return table(
    ['statement', '', 'actions', 'on', 'if'],
    statements.map(({ sid, effect, actions, resources: on, butFor, conditions }) => [
      sid ?? '',
      effect === 'Deny' ? '**never**' : 'may',
      code(actions),
      butFor === undefined ? code(on.map(short)) : `all but ${code(butFor.map(short))}`,
      conditionsOf(conditions),
    ]),
  );
}

/** What each role may do, as the template of a deployment with everything in it has it. */
export async function accessPage(template: Template): Promise<string> {
  const deployed = new Deployed(template);
  const [bucketPolicy] = Object.values(resources(template, 'AWS::S3::BucketPolicy'));
  const sections = Object.entries(roles).map(
    ([role, id]) => `### ${role}\n\n${statementTable(statementsOf(template, id))}`,
  );
  return `# Who may do what

\`npm run access-page\` makes this page from the CloudFormation template of a source \`orders-prod\` with everything there is: a VPC, KMS
keys, a restore function, prune, a copy into \`acme-offsite\`, Object Lock, a log table. A test fails when it is out of date. [Decision 15](decisions/0015-who-may-do-what-to-which-object.md)
says why it is so, [SECURITY.md](../SECURITY.md) what it defends against.

## Objects

As IAM decides about each. \`create\` is a put on the condition that the key is free, \`replace\` any put, \`tag\` marks as an archive (\`pgproof=archive\`) and
as nothing else.
\`delete\` hides: nobody may delete a version. Another source's backups are
nothing to a function. The last column is about the bucket of the copies; the role that prunes there has the rights of prune, there.

${await objectTable(deployed)}

## Statements

Keys lie in the bucket; \`TIME\` is \`????-??-??T??-??-??Z\`, when a backup was started. What stands there as \`<…>\` is a resource of the
same stack.

${sections.join('\n\n')}

### The bucket's own policy

Of a bucket that pgproof makes. It holds whatever the roles' own policies say.

${statementTable(statementsIn(bucketPolicy?.PolicyDocument))}
`;
}
