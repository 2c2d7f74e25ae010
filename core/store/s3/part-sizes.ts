const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;

/** S3's limits on multipart uploads (S3 user guide, "Multipart upload limits"). */
export const multipartLimits = {
  minPartBytes: 5 * mebibyte,
  maxPartBytes: 5 * gibibyte,
  maxParts: 10_000,
  /** 10,000 parts of 5 GiB: 48.8 TiB, since December 2025. */
  maxObjectBytes: 10_000 * 5 * gibibyte,
} as const;

/** Round trips are what small parts cost; below this more parts in flight gain nothing. */
const defaultPartBytes = 8 * mebibyte;
/** Of what does not come here: some seconds' work for S3. */
export const copiedPartBytes = 256 * mebibyte;
/** What all part buffers of one upload take together, where a single part is not larger by itself. */
export const bufferBudgetBytes = 96 * mebibyte;
/** One is filled while the others are on their way. More than a few gain nothing against pg_dump's rate. */
const maxBuffers = 6;
/** pg_database_size counts bloat and indexes, but a dump without compression can be larger than the tables. */
const headroom = 1.25;

export type PartSizes = {
  /** The size of the parts of the first half of the part limit. */
  readonly basePartBytes: number;
  readonly partLimit: number;
  /** Part buffers, one of which is being filled, as long as parts have the base size. 1: reading and sending alternate. */
  readonly buffers: number;
};

/**
 * The part sizes of an upload of about `expectedBytes`, so that neither parts nor memory run out.
 * @param need.partLimit How many parts the store allows for one upload; S3 10,000, some S3-likes 1,000.
 */
export function choosePartSizes(need: {
  readonly expectedBytes?: number | undefined;
  readonly partLimit: number;
}): PartSizes {
  const partLimit = Math.max(1, Math.min(Math.floor(need.partLimit), multipartLimits.maxParts));
  const room = Math.min((need.expectedBytes ?? 0) * headroom, multipartLimits.maxObjectBytes);
  const fitting = Math.ceil(room / partLimit / mebibyte) * mebibyte;
  const basePartBytes = Math.min(Math.max(fitting, defaultPartBytes), multipartLimits.maxPartBytes);
  return { basePartBytes, partLimit, buffers: buffersFor(basePartBytes) };
}

/** How many buffers of a size stay within the budget; one at least. */
export function buffersFor(partBytes: number): number {
  return Math.max(1, Math.min(Math.floor(bufferBudgetBytes / partBytes), maxBuffers));
}

/**
 * The size of a part: the base for the first half of the part limit, then doubled at each further eighth, so
 * that an object that outgrows its estimate still finds parts left. The last part may be shorter.
 * @param partNumber From 1 to the part limit.
 */
export function partBytes(sizes: PartSizes, partNumber: number): number {
  const eighth = Math.floor(((partNumber - 1) * 8) / sizes.partLimit);
  return Math.min(sizes.basePartBytes * 2 ** Math.max(0, eighth - 3), multipartLimits.maxPartBytes);
}

/**
 * The parts in which S3 takes an object over from itself, from byte to byte. They cost no memory here; so they are large,
 * and small enough that each is done long before a connection counts as idle. None of an empty object.
 * @returns undefined where the parts do not suffice
 */
export function copyRanges(
  bytes: number,
  partLimit: number,
): readonly { readonly first: number; readonly last: number }[] | undefined {
  const limit = Math.max(1, Math.min(Math.floor(partLimit), multipartLimits.maxParts));
  const size = Math.max(copiedPartBytes, Math.ceil(bytes / limit / mebibyte) * mebibyte);
  if (size > multipartLimits.maxPartBytes) return undefined;
  return Array.from({ length: Math.ceil(bytes / size) }, (_, index) => ({
    first: index * size,
    last: Math.min((index + 1) * size, bytes) - 1,
  }));
}

/** The largest object that parts of these sizes can hold. */
export function capacityBytes(sizes: PartSizes): number {
  let bytes = 0;
  for (let partNumber = 1; partNumber <= sizes.partLimit; partNumber += 1)
    bytes += partBytes(sizes, partNumber);
  return Math.min(bytes, multipartLimits.maxObjectBytes);
}
