#!/bin/sh
# Stands in for initdb: what the real one (initdb.real, beside) made of the same arguments the first time is copied,
# which takes a fifth of the time. The superuser's password alone is set anew.
here="${0%/*}"
data='' password='' user='' key='' previous=''
for word in "$@"; do
  case $previous in
    --pgdata) data=$word ;;
    --pwfile) password=$word ;;
    --username) user=$word key="$key $word" ;;
    *) key="$key $word" ;;
  esac
  previous=$word
done
template="$here/../clusters/$(printf %s "$key" | cksum | tr ' ' -)"

# Whoever ends this ends what it has started, before the directory is removed.
child=''
trap '[ -n "$child" ] && kill "$child" && wait "$child"; exit 143' TERM
run() {
  "$@" &
  child=$!
  wait "$child"
}

if [ ! -d "$template" ]; then
  run "$here/initdb.real" "$@" || exit
  # One process makes the copy; the others have their own cluster already.
  if mkdir "$template.lock" 2>/dev/null; then cp -R "$data" "$template.part" && mv "$template.part" "$template"; fi
  exit 0
fi
run cp -R "$template" "$data" || exit
[ -n "$password" ] || exit 0
set_password() {
  sed "s/'/''/g; s/.*/ALTER ROLE \"$user\" PASSWORD '&'/" "$password" | "$here/postgres" --single -F -D "$data" postgres
}
set_password >/dev/null 2>&1
