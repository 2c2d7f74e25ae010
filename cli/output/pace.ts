import { formatBytes } from '../../core/text/units.ts';

/** The rate is of so long: that of the whole would fall for hours after the bytes have ended, or be of the fast beginning. */
const windowSeconds = 5;
/** Of a shorter time a rate is chance. */
const leastSeconds = 1;

type Sample = { readonly at: number; readonly bytes: number };

/** How many bytes of a step there were, and how fast they came of late. Moments are in seconds, of any clock that only goes on. */
export type Pace = {
  /** All bytes so far. What is read a second time counts once: they never become fewer. */
  readonly note: (bytes: number, at: number) => void;
  readonly bytes: () => number;
  /** `, 38 MB/s`; nothing while there is nothing to tell it by. */
  readonly rateText: (at: number) => string;
};

/** @param began when the step did */
export function paceFrom(began: number): Pace {
  let samples: readonly Sample[] = [{ at: began, bytes: 0 }];
  /** The last one that is older than the window stays, for the window begins somewhere after it. */
  const trim = (at: number): void => {
    const first = samples.findLastIndex((sample) => sample.at <= at - windowSeconds);
    if (first > 0) samples = samples.slice(first);
  };
  const last = (): Sample => samples.at(-1) ?? { at: began, bytes: 0 };
  return {
    note: (bytes, at) => {
      // A chunk may come every millisecond: ten samples a second are enough.
      const { at: before, bytes: most } = last();
      const sample = { at, bytes: Math.max(most, bytes) };
      const isClose = samples.length > 1 && at - (samples.at(-2)?.at ?? before) < 0.1;
      samples = [...(isClose ? samples.slice(0, -1) : samples), sample];
      trim(at);
    },
    bytes: () => last().bytes,
    rateText: (at) => {
      if (at - began < leastSeconds) return '';
      trim(at);
      const since = Math.max(began, at - windowSeconds);
      const came = last().bytes - bytesAt(samples, since);
      return `, ${formatBytes(Math.round(came / (at - since)))}/s`;
    },
  };
}

/** Between two samples bytes are taken to have come evenly. */
function bytesAt(samples: readonly Sample[], at: number): number {
  const next = samples.findIndex((sample) => sample.at > at);
  if (next === -1) return samples.at(-1)?.bytes ?? 0;
  const [one, other] = [samples[next - 1], samples[next]];
  if (one === undefined || other === undefined) return other?.bytes ?? 0;
  return one.bytes + ((other.bytes - one.bytes) * (at - one.at)) / (other.at - one.at);
}

/** `120 MB of 252 MB (47 %)`: 100 % is all of it and no less, and never more. */
export function shareText(bytes: number, totalBytes: number): string {
  const there = Math.min(bytes, totalBytes);
  const share = totalBytes === 0 ? 100 : Math.floor((100 * there) / totalBytes);
  return `${formatBytes(there)} of ${formatBytes(totalBytes)} (${share} %)`;
}

/** `412 MB of about 1.1 GB`. What was guessed too low is no longer told. */
export function aboutText(bytes: number, totalBytes: number): string {
  return bytes > totalBytes
    ? formatBytes(bytes)
    : `${formatBytes(bytes)} of about ${formatBytes(totalBytes)}`;
}
