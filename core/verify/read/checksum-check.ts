import type { Check } from '../../manifest/verification.ts';
import { byteCount } from '../../text/units.ts';
import type { StoredObjectResult } from './stored-object.ts';

const shownProblems = 5;

/** What the sizes and hashes of all stored objects come to. */
export function checksumCheck(objects: readonly StoredObjectResult[]): Check {
  const problems = objects.flatMap((object) => problemOf(object) ?? []);
  if (problems.length > 0) {
    const more = problems.length - shownProblems;
    const rest = more > 0 ? `; and ${more} more` : '';
    return {
      name: 'checksum',
      status: 'failed',
      detail: `${problems.slice(0, shownProblems).join('; ')}${rest}`,
    };
  }
  const total = objects.reduce((sum, { file }) => sum + file.bytes, 0);
  const interrupted = objects.find((object) => object.kind === 'interrupted');
  if (interrupted !== undefined) {
    const got = objects.reduce((sum, object) => sum + ('bytes' in object ? object.bytes : 0), 0);
    return {
      name: 'checksum',
      status: 'unverifiable',
      detail: `${got} of ${byteCount(total)} were read, of ${interrupted.file.name} only ${interrupted.bytes}: ${interrupted.reason}`,
    };
  }
  const where = objects.length === 1 ? '' : ` in ${objects.length} objects`;
  return { name: 'checksum', status: 'passed', detail: `${byteCount(total)}${where}, sha256 as recorded` };
}

function problemOf(object: StoredObjectResult): string | undefined {
  const { file } = object;
  switch (object.kind) {
    case 'missing':
      return `${file.name} is missing (${byteCount(file.bytes)} recorded)`;
    case 'whole':
      if (object.bytes !== file.bytes)
        return `${file.name} has ${byteCount(object.bytes)}, recorded were ${file.bytes}`;
      if (object.sha256 !== file.sha256)
        return `${file.name} has sha256 ${object.sha256}, recorded was ${file.sha256}`;
      return undefined;
    case 'interrupted':
      // Too many bytes are too many, whatever would have come after them.
      return object.bytes > file.bytes
        ? `${file.name} has more than ${byteCount(file.bytes)}, which were recorded`
        : undefined;
  }
}
