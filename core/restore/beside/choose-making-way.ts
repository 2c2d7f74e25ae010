import { asListed } from '../../postgres/archive/entry-label.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import type { Choice } from '../choice.ts';
import type { TargetObject } from '../target-objects.ts';
import { findInTheWay, type InTheWay } from './in-the-way.ts';
import { refuseToRename } from './rename-existing.ts';

type Name = { readonly schema: string; readonly name: string };

/**
 * What is restored where all that is in the way gives way: chosen as if that were not there. What gives way takes its own
 * with it (indexes, sequences, partitions), so that it may take several looks.
 *
 * @param choose what is restored where those give way
 * @returns `inTheWay`: names in the target that have to be free; line breaks in them are blanks
 * @throws TargetRefused where one of them cannot give way
 */
export async function chooseMakingWay(
  choose: (givesWay: readonly InTheWay[]) => Promise<Choice | undefined>,
  place: {
    readonly target: ConnectionParameters;
    readonly database: string;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly choice: Choice | undefined; readonly inTheWay: readonly Name[] }> {
  const { target, database, signal } = place;
  let inTheWay: readonly Name[] = [];
  for (;;) {
    const names = inTheWay;
    const givesWay = await withConnection(target, { database, signal }, (client) =>
      findInTheWay(client, names),
    );
    const choice = await choose(givesWay);
    const more = (choice?.inTheWay ?? [])
      .map(({ there }) => there)
      .filter((there) => !names.some((one) => one.schema === there.schema && one.name === there.name));
    if (more.length === 0) {
      refuseToRename(givesWay);
      return { choice, inTheWay };
    }
    inTheWay = [...names, ...more.map(({ schema, name }) => ({ schema, name }))];
  }
}

/** A target's objects without those that give way. */
export function withoutThose(
  objects: readonly TargetObject[],
  givesWay: readonly Name[],
): readonly TargetObject[] {
  const away = new Set(givesWay.map(({ schema, name }) => keyOf(asListed(schema), asListed(name))));
  return objects.filter(
    ({ kind, schema, name }) => !((kind === 'relation' || kind === 'type') && away.has(keyOf(schema, name))),
  );
}

function keyOf(schema: string, name: string): string {
  return `${schema}\n${name}`;
}
