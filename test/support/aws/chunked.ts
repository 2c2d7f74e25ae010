import { WireError } from './wire.ts';

/**
 * Decodes `content-encoding: aws-chunked` (unsigned, with trailers): yields the payload and hands over the
 * trailing headers at the end.
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  onTrailers: (trailers: Record<string, string>) => void,
): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0);
  let chunkLeft = 0;
  let state: 'size' | 'data' | 'dataEnd' | 'trailers' = 'size';
  const trailers: Record<string, string> = {};

  for await (const piece of source) {
    pending = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    while (pending.length > 0) {
      if (state === 'data') {
        const data = pending.subarray(0, chunkLeft);
        chunkLeft -= data.length;
        pending = pending.subarray(data.length);
        if (chunkLeft === 0) state = 'dataEnd';
        yield data;
        continue;
      }
      const end = pending.indexOf('\r\n');
      if (end === -1) break;
      const line = pending.subarray(0, end).toString('latin1');
      pending = pending.subarray(end + 2);
      if (state === 'size') {
        chunkLeft = Number.parseInt(line, 16);
        if (Number.isNaN(chunkLeft)) throw new WireError(400, 'InvalidRequest', 'A chunk has no size');
        state = chunkLeft === 0 ? 'trailers' : 'data';
      } else if (state === 'dataEnd') {
        state = 'size';
      } else if (line !== '') {
        const colon = line.indexOf(':');
        trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
      }
    }
  }
  if (state !== 'trailers')
    throw new WireError(400, 'IncompleteBody', 'The body ended before its last chunk');
  onTrailers(trailers);
}
