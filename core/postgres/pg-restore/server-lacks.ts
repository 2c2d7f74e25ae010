import type { LackingKind, Remedy } from './restoration.ts';

/** Something that a server or a program says it lacks, whatever the backup is like. */
export type Lack = {
  /** How it says so. */
  readonly words: RegExp;
  /** What lacks, `$1` being what the pattern caught. */
  readonly missing: string;
  /** Set where it ends the restore as a whole, so that what came of it is not worth a comparison. */
  readonly endsRestore?: true;
  /** Set where it is the role that lacks it: never a superuser, who may do everything. */
  readonly ofRole?: true;
  readonly remedy?: Remedy;
  /** Set where what lacks can be accepted by its own name, `$1`, whatever it is needed for. */
  readonly kind?: LackingKind;
};

/**
 * In English: LC_ALL and lc_messages see to that, where the role may set it. From the first word on, because names and values of the backup stand
 * in messages too: `invalid input syntax for type integer: "out of memory"` is no lack of memory.
 */
export const lacks: readonly Lack[] = [
  { words: /^extension "(.+?)" is not available/, missing: 'extension "$1"' },
  {
    words: /^extension "(.+?)" has no installation script nor update path for version "(.+?)"/,
    missing: 'version $2 of extension "$1"',
  },
  { words: /^could not open extension control file ".*\/(.+?)\.control"/, missing: 'extension "$1"' },
  { words: /^required extension "(.+?)" is not installed/, missing: 'extension "$1"' },
  {
    words: /^could not (?:access|load) (?:file|library) "(.+?)"/,
    missing: 'library "$1"',
    kind: 'library',
    remedy: 'without session libraries',
  },
  { words: /^could not find function ".+?" in file "(.+?)"/, missing: 'this version of library "$1"' },
  {
    words: /^incompatible library "(.+?)"/,
    missing: 'library "$1" for this server',
    kind: 'library',
    remedy: 'without session libraries',
  },
  {
    words:
      /^(?:extension )?"?([^\s"]+)"? (?:must be preloaded|(?:must|can only) be loaded via "?shared_preload_libraries)/,
    missing: '"$1" in shared_preload_libraries',
    kind: 'library',
    remedy: 'without session libraries',
  },
  {
    words: /^security label provider "(.+?)" is not loaded/,
    missing: 'the security label provider "$1"',
  },
  { words: /^no security label providers have been loaded/, missing: 'a security label provider' },
  {
    words: /^language "(plpython\w*|plperl\w*|pltcl\w*|plv8\w*|plr|pljava\w*)" does not exist/,
    missing: 'language "$1"',
  },

  { words: /^invalid (?:LC_\w+ )?locale name:? "(.*?)"/, missing: 'locale "$1"', kind: 'locale' },
  { words: /^invalid value for parameter "lc_\w+": "(.*?)"/, missing: 'locale "$1"', kind: 'locale' },
  {
    words: /^(?:invalid value for parameter "(?:TimeZone|log_timezone)": |time zone )"(.+?)"/i,
    missing: 'time zone "$1"',
  },
  {
    words: /^invalid value for parameter "(?:default_toast_compression|wal_compression)": "(.+?)"/,
    missing: 'a server that knows $1',
  },
  { words: /^could not create locale "(.*?)"/, missing: 'locale "$1"', kind: 'locale' },
  { words: /^could not open collator for locale "(.*?)"/, missing: 'ICU locale "$1"', kind: 'locale' },
  {
    words: /^could not (?:convert locale name|get language from (?:ICU )?locale|canonicalize locale) "(.*?)"/,
    missing: 'ICU locale "$1"',
    kind: 'locale',
  },
  { words: /^ICU locale "(.*?)" has unknown language/, missing: 'ICU locale "$1"', kind: 'locale' },
  { words: /^ICU is not supported in this build/, missing: 'ICU' },
  { words: /^unrecognized (?:locale|collation) provider: (\w+)/, missing: 'the locale provider $1' },
  { words: /^option "(\w*locale\w*|icu_rules)" not recognized/, missing: 'the option $1 of a database' },
  { words: /^collation "(.+?)" for encoding "(.+?)" does not exist/, missing: 'collation "$1" for $2' },
  { words: /^encoding "(.+?)" does not match locale/, missing: 'a locale for $1' },
  {
    words: /^encoding "(.+?)" (?:is )?not supported (?:with|by) ICU/,
    missing: 'an ICU locale for $1',
  },
  {
    words: /^character with byte sequence .+ in encoding "(.+?)" has no equivalent in encoding "(.+?)"/,
    missing: 'a database in $1 (this one is in $2)',
  },
  {
    words: /^(?:encoding )?conversion (?:between|from|to) .* (?:is )?not supported/,
    missing: 'a conversion between encodings',
  },

  { words: /^tablespace "(.+?)" does not exist/, missing: 'tablespace "$1"' },
  {
    words: /^directory "(.+?)" (?:does not exist|already in use as a tablespace)/,
    missing: 'directory "$1"',
  },
  {
    words: /^could not (?:create|set permissions on) directory "(.+?)"(?!.*No space)/,
    missing: 'directory "$1"',
  },

  {
    words: /^(?:out of memory|could not resize shared memory segment|could not .*: Cannot allocate memory$)/i,
    missing: 'memory',
    endsRestore: true,
  },
  {
    words:
      /^(?:could not extend file|could not .*: (?:No space left on device|Disk quota exceeded)$|disk full)/i,
    missing: 'room on the disk',
    endsRestore: true,
  },
  { words: /^out of shared memory/, missing: 'room for locks (max_locks_per_transaction)' },
  {
    words: /^(?:sorry, )?(?:too many (?:clients|connections)|remaining connection slots)/,
    missing: 'a free connection',
    endsRestore: true,
  },
  {
    words: /^canceling statement due to (?:statement timeout|lock timeout|user request)/,
    missing: 'time',
    endsRestore: true,
  },
  { words: /^deadlock detected/, missing: 'a server that nobody else works in', remedy: 'one job' },
  {
    words: /^cannot execute .+ in a read-only transaction|^cannot execute .+ during recovery/,
    missing: 'a server that takes changes',
  },
  {
    words:
      /^(?:server closed the connection|terminating connection|connection to |connection not open|no connection to the server|could not (?:receive data from|send data to) server|SSL (?:connection has been closed|SYSCALL error|error)|the database system is (?:shutting down|starting up|in recovery mode|not yet accepting))/,
    missing: 'a server that stays up',
    endsRestore: true,
  },
  {
    words:
      /^(?:a worker process died unexpectedly|could not create (?:worker process|communication channels)|could not fork)/,
    missing: 'room for another process',
  },

  {
    words: /^must be superuser|^permission denied (?:to|for) /,
    missing: 'rights of the role that restores',
    ofRole: true,
  },
  {
    words:
      /^must (?:be (?:owner|(?:a )?member) of|have (?:CREATE|admin option|CREATEROLE|privileges of)|be able to SET ROLE)/,
    missing: 'rights of the role that restores',
    ofRole: true,
  },

  {
    words: /^unsupported version \((.+?)\) in file header/,
    missing: 'a pg_restore that reads archives of version $1',
  },
  {
    words:
      /^(?:this build does not support compression|compression is not supported by this installation|archive is compressed, but this installation does not|cannot restore from compressed archive)/,
    missing: 'a pg_restore that knows this compression',
  },
  { words: /^compression method (\w+) not supported/, missing: 'a server that knows $1' },
  { words: /^unsupported XML feature/, missing: 'a server that knows XML' },
  {
    words: /^unrecognized configuration parameter "(.+?)"/,
    missing: 'the setting "$1" (a library, or a newer PostgreSQL)',
  },
];
