import { optionsOf, restoreSettings } from '../postgres/connect/restore-settings.ts';
import { shellAssignment, shellWord } from '../text/shell.ts';
import type { NoteFacts } from './facts.ts';
import type { NotePlace } from './place.ts';

/*
 * The commands of a note, for any POSIX shell. They go by what lies there when they are run, and not by what lay there when they
 * were written: a note may be years old, and two backups beside each other of two formats. Names stand in assignments alone.
 * Documents are read by their lines, as pgproof writes them (two blanks for each level): no program beyond Debian's own.
 */

/** What everything after it goes by: where it lies, what it is called, and how the store's client lists and reads. */
export function beginning(place: NotePlace, { database }: NoteFacts): string {
  return [
    shellAssignment('HERE', place.here),
    shellAssignment('DATABASE', database),
    'TARGET=$DATABASE   # another name here restores it beside what is left',
    ...(place.kind === 's3' ? bucketLines(place) : directoryLines),
    `value() { sed -n 's/^  "'"$1"'": "\\(.*\\)",\\{0,1\\}$/\\1/p'; }`,
  ].join('\n');
}

const idPattern = '[0-9]\\{4\\}-[0-9]\\{2\\}-[0-9]\\{2\\}T[0-9-]\\{8\\}Z';

function bucketLines({ endpoint }: NotePlace): string[] {
  return [
    ...(endpoint === undefined ? [] : [`export ${shellAssignment('AWS_ENDPOINT_URL_S3', endpoint)}`]),
    `list_backups() { aws s3 ls "$HERE/" | sed -n 's|^ *PRE \\(${idPattern}\\)/$|\\1|p' | LC_ALL=C sort -r; }`,
    'read_object() { aws s3 cp "$HERE/$1" - < /dev/null; }',
    'fetch_backup() { FROM=$WORK/backup && aws s3 cp --recursive --only-show-errors "$HERE/$1/" "$FROM/"; }',
  ];
}

const directoryLines = [
  `list_backups() { ls -1 "$HERE" | sed -n 's|^${idPattern}$|&|p' | LC_ALL=C sort -r; }`,
  'read_object() { cat "$HERE/$1"; }',
  'fetch_backup() { FROM=$HERE/$1; }',
];

/** What there is, the newest first. */
export const looking = `list_backups | head -n 20 | while read -r one; do
  printf '%s  %s\\n' "$one" "$(read_object "$one/verification.json" 2> /dev/null | value verdict)"
done`;

/**
 * The newest good one, which is what `latest` is: nothing failed in it, it was read whole at least, no table was left out of it on
 * purpose, and it is not dated in the future.
 */
export const choosing = `is_good() {
  found=$(read_object "$1/verification.json" 2> /dev/null) || return 1
  case $(printf '%s\\n' "$found" | value verdict) in
    proven | proven-without | intact) ;;
    unverifiable) [ -n "$(printf '%s\\n' "$found" | value reached)" ] || return 1 ;;
    *) return 1 ;;
  esac
  read_object "$1/manifest.json" 2> /dev/null |
    awk '/^  "formatVersion":/ { there = 1 } /^  "partial": true/ { partial = 1 } END { exit !(there && !partial) }'
}
newest_good() {
  now=$(date -u +%Y-%m-%dT%H-%M-%SZ)
  for one in $(list_backups | awk -v now="$now" '($0 "") <= (now "")'); do
    if is_good "$one"; then echo "$one"; return 0; fi
  done
  echo 'No backup here is known to be good: choose one from the list.' >&2
  return 1
}
BACKUP=$(newest_good)   # or one of the list: BACKUP=2026-11-20T02-00-00Z
echo "$BACKUP"`;

export const fetching = `WORK=$PWD/restore-$BACKUP
if [ -z "$BACKUP" ]; then
  echo 'Choose a backup first: BACKUP=…' >&2
elif mkdir -m 700 "$WORK" && fetch_backup "$BACKUP"; then
  ls -l "$FROM"
else
  echo 'NOT FETCHED: see the error above.' >&2
fi`;

/** Sizes are in the digests. The verdict names the manifest that it is about, and the manifest the digests. */
export const checking = `recorded() {
  awk -F '"' '/^  "objects": \\[/ { on = 1 } /^  \\]/ { on = 0 }
    on && $2 == "name" { name = $4 } on && $2 == "sha256" { print $4 "  " name }' "$FROM/manifest.json"
}
is_whole() {
  (cd "$FROM" && recorded | sha256sum --check --strict --quiet -) || return 1
  said=$(value manifestSha256 2> /dev/null < "$FROM/verification.json")
  [ -z "$said" ] || [ "$said" = "$(sha256sum < "$FROM/manifest.json" | cut -c 1-64)" ]
}
if is_whole; then echo 'Every byte is as it was stored.'; else echo 'DAMAGED: take another one.' >&2; fi`;

/** Names of roles are bytes, which must not be converted: another encoding needs a database of that to make them from. */
export const roles = `ENCODING=$(sed -n 's/^    "encoding": "\\(.*\\)",\\{0,1\\}$/\\1/p' "$FROM/manifest.json" | head -n 1)
MAINTENANCE=postgres
if [ "$ENCODING" != UTF8 ]; then
  MAINTENANCE=pgproof_helper
  psql --no-psqlrc --quiet --dbname=postgres --set=encoding="$ENCODING" <<'SQL'
CREATE DATABASE pgproof_helper TEMPLATE template0 ENCODING :'encoding' LC_COLLATE 'C' LC_CTYPE 'C';
SQL
fi
psql --no-psqlrc --quiet --dbname="$MAINTENANCE" --file="$FROM/globals.sql"   # "already exists" is no matter`;

/** The settings that `proven` speaks of; those of the source where the target takes them, and a superuser's where one may. */
export function settings(): string {
  const forAll = optionsOf(restoreSettings.filter(({ superuser }) => superuser === undefined));
  const forSuperusers = restoreSettings.filter(({ superuser }) => superuser === true);
  return `setting() {
  awk -F '"' -v name="$1" '/^    "settings": \\{/ { on = 1 } /^    \\}/ { on = 0 } on && $2 == name { print $4 }' \\
    "$FROM/manifest.json" | sed 's/[\\\\ ]/\\\\&/g'
}
PGOPTIONS=${shellWord(forAll)}
for more in ${forSuperusers.map((one) => shellWord(optionsOf([one]))).join(' ')} "-c TimeZone=$(setting TimeZone)" "-c lc_monetary=$(setting lc_monetary)"; do
  if PGOPTIONS="$PGOPTIONS $more" psql --no-psqlrc --dbname=postgres --command='SELECT 1' > /dev/null; then
    PGOPTIONS="$PGOPTIONS $more"
  else
    echo "Not taken by this server, and left out: $more" >&2
  fi
done
export PGOPTIONS`;
}

/** In the archive's order, event triggers last, or the first of them would forbid what comes after. */
export function restoring(facts: NoteFacts): string {
  const own = facts.makesItself ? '[ "$TARGET" = "$DATABASE" ]' : 'false';
  return `${newDatabase(facts)}
restore_archive() {
  pg_restore --list --create "$1" > "$WORK/all.list" || return 1
  sed -E '/^[0-9; ]+(COMMENT - )?EVENT TRIGGER/d' "$WORK/all.list" > "$WORK/first.list"
  sed -nE '/^[0-9; ]+(COMMENT - )?EVENT TRIGGER/p' "$WORK/all.list" > "$WORK/last.list"
  if ${own}; then
    pg_restore --exit-on-error --create --use-list="$WORK/first.list" --dbname="$MAINTENANCE" "$1" || return 1
  else
    new_database && PGDATABASE=$TARGET pg_restore --exit-on-error --use-list="$WORK/first.list" --dbname= "$1" || return 1
  fi
  PGDATABASE=$TARGET pg_restore --exit-on-error --use-list="$WORK/last.list" --dbname= "$1"
}
run_sql() { PGOPTIONS="$PGOPTIONS$quiet" PGDATABASE=$TARGET psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 "$@"; }
unpacked() {
  case $1 in *.zst) zstd -dcq "$1" ;; *.gz) gzip -dc "$1" ;; *.lz4) lz4 -dcq "$1" ;; *) cat "$1" ;; esac
}
restore_plain() {
  unpacked "$1" > /dev/null && new_database || return 1   # the program that unpacks it is there, and reads it to its end
  # PostgreSQL 17 and newer: SQL refreshes views after its event triggers, which might forbid it.
  quiet=' -c event_triggers=off'
  run_sql --command='SELECT 1' 2> /dev/null || quiet=
  unpacked "$1" | run_sql || return 1
  if [ "$TARGET" = "$DATABASE" ] && [ -e "$FROM/database.sql" ]; then run_sql --file="$FROM/database.sql"; fi
}
restore() {
  for one in "$FROM/archive.dump" "$FROM/archive.tar" "$FROM/archive"; do
    if [ -e "$one" ]; then restore_archive "$one"; return; fi
  done
  for one in "$FROM/archive.sql" "$FROM/archive.sql.zst" "$FROM/archive.sql.gz" "$FROM/archive.sql.lz4"; do
    if [ -e "$one" ]; then restore_plain "$one"; return; fi
  done
  echo "There is no archive in $FROM" >&2
  return 1
}
if restore; then echo 'Restored.'; else echo 'NOT RESTORED: see the error above.' >&2; fi`;
}

/**
 * psql quotes what it is handed as a variable, whatever it is. The words for providers came with PostgreSQL 15 (icu) and 17
 * (builtin); libc needs none.
 */
function newDatabase({ locale }: NoteFacts): string {
  const own = locale?.provider === 'libc' ? undefined : locale;
  const given: readonly [name: string, words: string, text: string | undefined][] = [
    ['COLLATE', `LC_COLLATE :'collate'`, locale?.collate],
    ['CTYPE', `LC_CTYPE :'ctype'`, locale?.ctype],
    ['LOCALE', `${own?.provider === 'icu' ? 'ICU' : 'BUILTIN'}_LOCALE :'locale'`, own?.locale],
    ['RULES', `ICU_RULES :'rules'`, own?.rules],
  ];
  const set = given.flatMap(([name, words, text]) => (text === undefined ? [] : [{ name, words, text }]));
  const flags = set.map(({ name }) => ` --set=${name.toLowerCase()}="$${name}"`).join('');
  const provider = own === undefined ? [] : [`LOCALE_PROVIDER ${own.provider}`];
  return [
    ...set.map(({ name, text }) => shellAssignment(name, text)),
    'new_database() {',
    `  psql --no-psqlrc --quiet --dbname=postgres --set=ON_ERROR_STOP=1 --set=name="$TARGET" --set=encoding="$ENCODING"${flags} <<'SQL'`,
    `CREATE DATABASE :"name" TEMPLATE template0 ENCODING :'encoding'`,
    `  ${[...provider, ...set.map(({ words }) => words)].join(' ')};`,
    'SQL',
    '}',
  ].join('\n');
}

export const ending = `unset PGOPTIONS
PGDATABASE=$TARGET psql --no-psqlrc --quiet --command=ANALYZE   # without statistics queries are slow
if [ "$MAINTENANCE" != postgres ]; then psql --no-psqlrc --quiet --dbname=postgres --command='DROP DATABASE pgproof_helper'; fi`;

/** Asks S3 to thaw every object of one backup. */
export const thawing = `BUCKET=\${HERE#s3://}
PREFIX=\${BUCKET#*/}/$BACKUP/
BUCKET=\${BUCKET%%/*}
tab=$(printf '\\t')
aws s3api list-objects-v2 --bucket "$BUCKET" --prefix "$PREFIX" --query "Contents[?StorageClass=='GLACIER' || StorageClass=='DEEP_ARCHIVE'].[Key]" --output text |
  while IFS="$tab" read -r key; do
    if [ "$key" = None ]; then continue; fi
    aws s3api restore-object --bucket "$BUCKET" --key "$key" < /dev/null \\
      --restore-request '{"Days":3,"GlacierJobParameters":{"Tier":"Standard"}}'
  done`;

/** Deletes delete markers, so that what they hide is there again. */
export const undeleting = `BUCKET=\${HERE#s3://}
PREFIX=\${BUCKET#*/}/
BUCKET=\${BUCKET%%/*}
tab=$(printf '\\t')
aws s3api list-object-versions --bucket "$BUCKET" --prefix "$PREFIX" --query 'DeleteMarkers[?IsLatest].[Key,VersionId]' --output text |
  while IFS="$tab" read -r key version; do
    if [ "$key" = None ]; then continue; fi
    aws s3api delete-object --bucket "$BUCKET" --key "$key" --version-id "$version" < /dev/null
  done`;
