import type { PostgresTools } from './tools.ts';

type Tools = (serverMajor: number) => Promise<PostgresTools>;

/** Looks for the programs of a major once in a run: every look asks each program on the machine for its version. */
export function rememberTools(look: Tools): Tools {
  const known = new Map<number, Promise<PostgresTools>>();
  return (serverMajor) => {
    const found = known.get(serverMajor) ?? look(serverMajor);
    known.set(serverMajor, found);
    return found;
  };
}
