import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';

/** How many bytes came by, and their SHA-256 once no more will come. */
export type Measure = {
  readonly bytes: () => number;
  /** In hexadecimal digits. */
  readonly sha256: () => string;
};

/** Counts and hashes what it is given, piece by piece. */
export function measure(): Measure & { readonly add: (piece: Buffer) => void } {
  const hash = createHash('sha256');
  let bytes = 0;
  let digest: string | undefined;
  return {
    add: (piece) => {
      hash.update(piece);
      bytes += piece.length;
    },
    bytes: () => bytes,
    sha256: () => {
      digest ??= hash.digest('hex');
      return digest;
    },
  };
}

/** SHA-256 of bytes that are there whole, in hexadecimal digits. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Lets bytes pass and measures them. */
export type Meter = Transform & Measure;

/**
 * @param onBytes hears the total so far and the size of the piece that came, piece by piece; keep it cheap
 * @param judge looks at the whole once it has passed; an error that it returns takes the place of the stream's end
 * @param mostBytes with more than these it is judged at once, so that what never ends does not fill a disk
 */
export function meter(
  onBytes?: (total: number, piece: number) => void,
  judge?: (whole: Measure) => Error | undefined,
  mostBytes = Number.POSITIVE_INFINITY,
): Meter {
  const measured = measure();
  const transform = new Transform({
    transform(piece: Buffer, _encoding, done) {
      measured.add(piece);
      onBytes?.(measured.bytes(), piece.length);
      const excess = measured.bytes() > mostBytes ? judge?.(measured) : undefined;
      if (excess === undefined) done(null, piece);
      else done(excess);
    },
    flush: (done) => done(judge?.(measured)),
  });
  return Object.assign(transform, { bytes: measured.bytes, sha256: measured.sha256 });
}
