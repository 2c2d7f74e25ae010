import { redactor } from '../../process/redact.ts';
import type { ConnectionParameters } from './parameters.ts';

/**
 * Takes out of texts what is secret about a connection. A password that is also the name of the role, the database or the
 * host is no secret, and masking it would hide the names that a message is about.
 */
export function connectionRedactor(parameters: ConnectionParameters): (text: string) => string {
  const { password, user, database, host, tls } = parameters;
  const isName = password === user || password === database || password === host;
  return redactor([isName ? undefined : password, tls.keyPassword]);
}
