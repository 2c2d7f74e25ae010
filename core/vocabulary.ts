/**
 * The words that more than one room spells: what an option may be set to, and what a backup may be found to be. Each
 * list stands here once, and every flag, variable, schema and property derives from it. It imports nothing, so that
 * whatever is read at synth time may use it too.
 */

/** What pg_dump can write. The names are pg_dump's own (`--format`). */
export const formats = ['custom', 'plain', 'directory', 'tar'] as const;
export type Format = (typeof formats)[number];

/** How pg_dump compresses. The names are pg_dump's own (`--compress`). */
export const compressionMethods = ['none', 'gzip', 'lz4', 'zstd'] as const;
export type CompressionMethod = (typeof compressionMethods)[number];

/** Whether every table's rows are counted while it is dumped. */
export const rowModes = ['exact', 'none'] as const;
export type RowMode = (typeof rowModes)[number];

/** How deep a verification goes; each level includes those before it. */
export const levels = ['checksum', 'read', 'restore'] as const;
export type Level = (typeof levels)[number];

/** What may be asked for: a level, or `auto`, which is `restore` where that fits into room and time, else `read`. */
export const levelChoices = ['auto', ...levels] as const;
export type LevelChoice = (typeof levelChoices)[number];

/** What may be asked for along with a backup. */
export const verifyChoices = [...levelChoices, 'none'] as const;
export type VerifyChoice = (typeof verifyChoices)[number];

/** Whether a verification restores, or may: it then needs a PostgreSQL server and room for a database. */
export function mayRestore(level: LevelChoice): level is 'auto' | 'restore' {
  return level === 'auto' || level === 'restore';
}

/** What a verification found, the better first. */
export const verdicts = ['proven', 'proven-without', 'intact', 'failed', 'unverifiable'] as const;
export type Verdict = (typeof verdicts)[number];

/** Who hears of what: failures only, or good news too. */
export const notifyPolicies = ['failures', 'all'] as const;
export type NotifyPolicy = (typeof notifyPolicies)[number];

/** libpq's sslmode. */
export const tlsModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof tlsModes)[number];

/** How a function logs in: with the password in a secret, or with an IAM authentication token. */
export const authKinds = ['secret', 'iam'] as const;
export type AuthKind = (typeof authKinds)[number];

/** S3's cheaper classes that can be read at once. */
const instantClasses = ['STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'] as const;

/** Those whose objects have to be thawed before they are read, for minutes, hours or days. */
export const frozenClasses = ['GLACIER', 'DEEP_ARCHIVE'] as const;

/** What archives may move to as they grow old. */
export const transitionClasses = [...instantClasses, ...frozenClasses] as const;
export type TransitionClass = (typeof transitionClasses)[number];

/** What archives are marked with in S3, for rules about where they lie. What is read at every listing never has it. */
export const archiveTag = { key: 'pgproof', value: 'archive' } as const;

/** How fast S3 is to thaw what lies in a class that cannot be read at once. The faster, the dearer; not every class has all. */
export const thawTiers = ['standard', 'bulk', 'expedited'] as const;
export type ThawTier = (typeof thawTiers)[number];

/** S3's classes that archives may be written into. They are verified right afterwards, so that none is frozen. */
export const storageClasses = ['STANDARD', ...instantClasses] as const;
export type StorageClass = (typeof storageClasses)[number];

/**
 * How S3 keeps what is locked: `governance` may be lifted by whoever has the right to, `compliance` by nobody, not even
 * the account's root.
 */
export const objectLockModes = ['governance', 'compliance'] as const;
export type ObjectLockMode = (typeof objectLockModes)[number];

/** PostgreSQL's own port, where nobody names another. */
export const postgresPort = 5432;

/** Environment variables that the functions and the command both read. */
export const variables = {
  store: 'PGPROOF_STORE',
  kmsKeyArn: 'PGPROOF_KMS_KEY_ARN',
  storageClass: 'PGPROOF_STORAGE_CLASS',
  partLimit: 'PGPROOF_PART_LIMIT',
  objectLock: 'PGPROOF_OBJECT_LOCK',
  topicArn: 'PGPROOF_TOPIC_ARN',
  notify: 'PGPROOF_NOTIFY',
  /** Who RECOVERY.md says is to be asked. */
  contact: 'PGPROOF_CONTACT',
  /** The database with the log table. */
  log: 'PGPROOF_LOG',
  /** Directories with PostgreSQL's programs. */
  programs: 'PGPROOF_PG_BIN',
} as const;

/** Why a backup holds no passwords of roles: it was told to leave them out, or the server did not let them be read. */
export const passwordsLeftOut = ['asked', 'refused'] as const;
export type PasswordsLeftOut = (typeof passwordsLeftOut)[number];
