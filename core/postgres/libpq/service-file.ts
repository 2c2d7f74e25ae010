import { PgproofError } from '../../errors.ts';
import { isKeyword, type Keyword, type Settings } from './keywords.ts';

/** A connection service file, or the service in it, is missing or cannot be read. */
export class ServiceFileInvalid extends PgproofError {
  override readonly name = 'ServiceFileInvalid';
}

/**
 * Finds a service in the text of a connection service file (the manual, "The Connection Service File"):
 * `[name]` and below it `keyword=value`, without quotes and without blanks around the `=`.
 * @returns its settings, or undefined if the file does not have the service
 * @throws ServiceFileInvalid which names line numbers and never values
 */
export function findService(fileText: string, service: string, path: string): Settings | undefined {
  let found: { [K in Keyword]?: string } | undefined;
  for (const [index, raw] of fileText.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (found !== undefined) return found;
      if (line.startsWith(`[${service}]`)) found = {};
      continue;
    }
    if (found === undefined) continue;
    const { keyword, value } = setting(line, `${path}:${index + 1}`);
    // The first one counts, as in libpq.
    found[keyword] ??= value;
  }
  return found;
}

function setting(line: string, place: string): { keyword: Keyword; value: string } {
  if (line.startsWith('ldap://') || line.startsWith('ldaps://')) {
    throw invalid(place, 'an LDAP lookup, which pgproof does not do', 'Write the parameters into the file.');
  }
  const equals = line.indexOf('=');
  if (equals === -1) throw invalid(place, 'a line without "="', 'Write keyword=value, one a line.');
  const keyword = line.slice(0, equals);
  if (!isKeyword(keyword)) {
    throw invalid(
      place,
      'a keyword that libpq does not know',
      'Correct its name; no blanks are allowed around the "=".',
    );
  }
  if (keyword === 'service' || keyword === 'servicefile') {
    throw invalid(
      place,
      `${keyword} inside a service`,
      'Services cannot be nested: write its settings here.',
    );
  }
  return { keyword, value: line.slice(equals + 1) };
}

function invalid(place: string, got: string, fix: string): ServiceFileInvalid {
  return new ServiceFileInvalid({ what: `The connection service file is wrong at ${place}`, got, fix });
}
