/**
 * Waits for every task; the first that fails aborts `group`, so that the others stop, and is what is thrown once all
 * have stopped. Promise.all would go on while the others still write.
 */
export async function together<T extends readonly unknown[]>(
  group: AbortController,
  tasks: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const guarded = tasks.map((task) =>
    task.catch((error: unknown) => {
      group.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(guarded);
  group.signal.throwIfAborted();
  return (await Promise.all(guarded)) as unknown as T;
}
