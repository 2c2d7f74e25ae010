import { fileURLToPath } from 'node:url';

/** The path of a certificate or key; how they were made is in test/fixtures/tls/make.sh. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
}
