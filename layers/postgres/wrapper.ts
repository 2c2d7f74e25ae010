import type { Architecture } from './build-root.ts';
import { triplets } from './library-closure.ts';

/**
 * A program is started through the C library's own dynamic loader, for it is mostly built for a newer C library
 * than the system's. `--argv0` matters: initdb, pg_ctl and pg_dumpall look for their siblings beside it.
 */
export function wrapperScript({
  program,
  arch,
  loader,
}: {
  program: string;
  arch: Architecture;
  loader: string;
}): string {
  return `#!/bin/sh
here="\${0%/*}"
libraries="$here/../../../${triplets[arch]}"
exec "$libraries/${loader}" --library-path "$libraries" --argv0 "$0" "$here/../libexec/${program}" "$@"
`;
}
