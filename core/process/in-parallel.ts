import pLimit from 'p-limit';

/**
 * Calls `use` for each, some at once, and waits for all. Where one fails nothing new is begun, and its error is thrown once
 * those under way have ended.
 */
export async function mapInParallel<T, U>(
  all: readonly T[],
  atOnce: number,
  use: (one: T) => Promise<U>,
): Promise<U[]> {
  const limit = pLimit({ concurrency: atOnce, rejectOnClear: true });
  const failures: unknown[] = [];
  const ended = await Promise.allSettled(
    all.map((one) =>
      limit(async () => {
        try {
          return await use(one);
        } catch (error: unknown) {
          failures.push(error);
          limit.clearQueue();
          throw error;
        }
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
  return ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}
