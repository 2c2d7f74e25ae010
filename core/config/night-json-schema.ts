import * as z from 'zod';
import { nightSchema } from './night.ts';
import { nightAdvice } from './night-advice.ts';

type Node = { [key: string]: unknown };

/** The JSON Schema of pgproof.yaml, for editors: what each key takes, and what it is where it is not there. */
export function nightJsonSchema(): Node {
  const schema = z.toJSONSchema(nightSchema, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
  }) as Node;
  describe(schema, '');
  return { title: 'pgproof.yaml', ...schema };
}

/** What is told of a mistake helps before it is made. */
function describe(node: Node, path: string): void {
  const advice = nightAdvice[path];
  if (advice !== undefined) node.description = `${advice.expected}. ${advice.fix}`;
  for (const [key, child] of entriesOf(node.properties))
    describe(child, path === '' ? key : `${path}.${key}`);
  if (isNode(node.items)) describe(node.items, `${path}.*`);
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const list = node[key];
    if (!Array.isArray(list)) continue;
    // Its description stands with the whole: editors show one.
    for (const one of list)
      if (isNode(one))
        for (const [name, child] of entriesOf(one.properties)) describe(child, `${path}.${name}`);
  }
}

function entriesOf(value: unknown): [string, Node][] {
  return isNode(value)
    ? Object.entries(value).flatMap(([key, child]) => (isNode(child) ? [[key, child]] : []))
    : [];
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
