import type { ConnectionParameters } from '../postgres/connect/parameters.ts';

/** A server that is backed up, under the name that its backups carry. */
export type Source = {
  readonly name: string;
  /** Asked anew before every database: an IAM token is good for 15 minutes only. */
  readonly resolve: () => Promise<ConnectionParameters>;
};
