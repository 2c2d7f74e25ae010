/**
 * How much is held in memory at once by those who read in parallel. Each says how much it will take, and waits until there
 * is that much room, or nobody else; in the order in which they came.
 */
export class Room {
  readonly #most: number;
  readonly #waiting: { readonly bytes: number; readonly begin: () => void }[] = [];
  #held = 0;
  #users = 0;

  /** @param most bytes */
  constructor(most: number) {
    this.#most = most;
  }

  async hold<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ bytes, begin });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#held -= bytes;
      this.#users -= 1;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#users > 0 && this.#held + next.bytes > this.#most) return;
      this.#waiting.shift();
      this.#held += next.bytes;
      this.#users += 1;
      next.begin();
    }
  }
}
