# Runs in the sandbox, with the server layer's programs on PATH and no other: sh's own words must do.
# Parameters: the archive to restore, and the query whose answer tells whether all of it is there.
data=$TMPDIR/data
export PGHOST="$TMPDIR" PGUSER=postgres PGDATABASE=postgres
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }
copy() { while read -r line; do echo "$line"; done; }

initdb --pgdata "$data" --username postgres --auth trust --encoding UTF8 --no-locale --no-sync --no-instructions > "$TMPDIR/log" 2>&1 ||
  { copy < "$TMPDIR/log" >&2; exit 1; }
while read -r line; do case "$line" in *[Ww]arning*|*WARNING*) echo "$line" >&2;; esac; done < "$TMPDIR/log"
copy >> "$data/postgresql.auto.conf" << END
dynamic_shared_memory_type = mmap
listen_addresses = ''
unix_socket_directories = '$TMPDIR'
fsync = off
max_wal_size = 64MB
END
pg_ctl start --silent --wait --pgdata "$data" --log "$TMPDIR/log" || { copy < "$TMPDIR/log" >&2; exit 1; }
trap 'pg_ctl stop --silent --mode immediate --pgdata "$data"' EXIT
echo "started $(ask -c 'SHOW server_version')"

# Those that belong to a language that is not in the layer are left out.
ask << 'END'
CREATE DATABASE extensions;
\connect extensions
SET client_min_messages = warning;
SELECT format('CREATE EXTENSION IF NOT EXISTS %I CASCADE', name) FROM pg_available_extensions
WHERE name !~ '(perl|python|tcl)' ORDER BY name \gexec
SELECT 'extensions ' || string_agg(extname, ' ' ORDER BY extname) FROM pg_extension;
LOAD 'auto_explain';
LOAD 'passwordcheck';
SELECT 'functions ' || encode(digest('a', 'sha1'), 'hex') || ' ' || similarity('word', 'words') || ' '
       || uuid_generate_v5(uuid_ns_dns(), 'a') || ' ' || xpath_string('<a>b</a>', '/a');
SELECT 'text ' || to_tsvector('german', 'Häuser')::text || ' ' || convert_to('ä', 'LATIN1')::text || ' ' || unaccent('ä');
SELECT 'time ' || (timestamptz '2026-07-01 12:00 Europe/Berlin' AT TIME ZONE 'America/New_York')
       || ' ' || (timestamptz '2026-01-01 12:00 CET' AT TIME ZONE 'UTC');
SELECT 'jit ' || pg_jit_available();
END

ask << 'END'
CREATE DATABASE icu TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'sv' LOCALE 'C';
\connect icu
SELECT 'icu ' || string_agg(word, ' ' ORDER BY word) || ' ' || string_agg(word, ' ' ORDER BY word COLLATE "de-x-icu")
FROM unnest('{z,ö,a}'::text[]) AS word;
END

ask << 'END'
CREATE DATABASE english TEMPLATE template0 LC_COLLATE 'en_US.UTF-8' LC_CTYPE 'en_US.UTF-8';
\connect english
SELECT 'libc ' || string_agg(word, ' ' ORDER BY word) FROM unnest('{z,A,a}'::text[]) AS word;
END

ask -c 'CREATE DATABASE restored'
pg_restore --exit-on-error --jobs 2 --dbname restored "$1"
export PGDATABASE=restored
echo "restored $(ask -c "$2")"
ask << 'END'
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET jit_above_cost = 0;
SELECT 'parallel ' || count(*) FROM orders WHERE total > 0;
END
pg_dump --format directory --jobs 2 --file "$TMPDIR/again" || exit 1

trap - EXIT
pg_ctl stop --silent --wait --mode fast --pgdata "$data"
echo stopped
