/** What is done with a store, as it stands in an error before the address. */
export const storeWorks = {
  reach: 'reaching',
  list: 'listing',
  read: 'reading',
  write: 'writing',
  delete: 'deleting',
  abort: 'aborting an upload to',
  versions: 'looking at the versions of',
  lock: 'looking at the lock of',
  thaw: 'thawing',
} as const;

export type StoreWork = keyof typeof storeWorks;
