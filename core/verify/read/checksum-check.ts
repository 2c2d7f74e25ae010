import type { Check } from '../../manifest/verification.ts';
import type { ObjectReading } from './stored-object.ts';

const shownProblems = 5;

/** What the sizes and hashes of all stored objects come to. */
export function checksumCheck(readings: readonly ObjectReading[]): Check {
  const problems = readings.flatMap((reading) => problemOf(reading) ?? []);
  if (problems.length > 0) {
    const more = problems.length - shownProblems;
    const rest = more > 0 ? `; and ${more} more` : '';
    return {
      name: 'checksum',
      status: 'failed',
      detail: `${problems.slice(0, shownProblems).join('; ')}${rest}`,
    };
  }
  const total = readings.reduce((sum, { file }) => sum + file.bytes, 0);
  const interrupted = readings.find((reading) => reading.kind === 'interrupted');
  if (interrupted !== undefined) {
    const got = readings.reduce((sum, reading) => sum + ('bytes' in reading ? reading.bytes : 0), 0);
    return {
      name: 'checksum',
      status: 'unverifiable',
      detail: `${got} of ${total} bytes were read, of ${interrupted.file.name} only ${interrupted.bytes}: ${interrupted.reason}`,
    };
  }
  const objects = readings.length === 1 ? '' : ` in ${readings.length} objects`;
  return { name: 'checksum', status: 'passed', detail: `${total} bytes${objects}, sha256 as recorded` };
}

function problemOf(reading: ObjectReading): string | undefined {
  const { file } = reading;
  switch (reading.kind) {
    case 'missing':
      return `${file.name} is missing (${file.bytes} bytes recorded)`;
    case 'whole':
      if (reading.bytes !== file.bytes)
        return `${file.name} has ${reading.bytes} bytes, recorded were ${file.bytes}`;
      if (reading.sha256 !== file.sha256)
        return `${file.name} has sha256 ${reading.sha256}, recorded was ${file.sha256}`;
      return undefined;
    case 'interrupted':
      // Too many bytes are too many, whatever would have come after them.
      return reading.bytes > file.bytes
        ? `${file.name} has more than ${file.bytes} bytes, which were recorded`
        : undefined;
  }
}
