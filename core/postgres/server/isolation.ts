/** What SQL that runs in the server as superuser, and the programs that it starts, can reach. */
export type Isolation = {
  /** `own-machine`: no sandbox, but nothing of anybody else's lies there, as in Lambda. */
  readonly kind: 'sandboxed' | 'own-machine' | 'unsandboxed';
  /** What holds it, where it is sandboxed. */
  readonly by?: 'bubblewrap' | 'unshare' | undefined;
  /** For people: by what, or why not. */
  readonly detail: string;
};
