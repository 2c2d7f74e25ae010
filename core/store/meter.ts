import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';

/** Lets bytes pass, and knows how many they were and their SHA-256 once they have ended. */
export type Meter = Transform & { readonly bytes: () => number; readonly sha256: () => string };

/** `onBytes` hears the total so far, chunk by chunk; keep it cheap. */
export function meter(onBytes?: (total: number) => void): Meter {
  const hash = createHash('sha256');
  let bytes = 0;
  const transform = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes?.(bytes);
      done(null, chunk);
    },
  });
  let digest: string | undefined;
  return Object.assign(transform, {
    bytes: () => bytes,
    sha256: () => {
      digest ??= hash.digest('hex');
      return digest;
    },
  });
}
