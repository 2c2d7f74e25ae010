type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The keys that have a value. CDK tells an absent key from one that is undefined, and so does the compiler. */
export function definedOnly<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
