import fc from 'fast-check';

/** What is done to a document: changes of its values, then of its bytes. Plain data, so that fast-check can shrink it. */
export type Damage = {
  readonly changes: readonly Change[];
  readonly bytes: ByteChange | undefined;
};

/** `at` chooses the value, whichever there is: its number modulo how many there are. */
type Change = { readonly at: number } & (
  | { readonly kind: 'replace'; readonly value: unknown }
  | { readonly kind: 'remove' }
  | { readonly kind: 'add'; readonly key: string; readonly value: unknown }
  | { readonly kind: 'nest'; readonly depth: number }
  | { readonly kind: 'repeat'; readonly times: number }
  | { readonly kind: 'append'; readonly text: string }
);

type ByteChange =
  | { readonly kind: 'cut'; readonly share: number }
  | { readonly kind: 'put'; readonly share: number; readonly bytes: Uint8Array }
  | { readonly kind: 'only'; readonly bytes: Uint8Array }
  | { readonly kind: 'twice' };

const odd = [
  '\u001b[2J\u001b]0;x\u0007',
  '\u009b31m\u202e\u2066\u2028',
  'a\n✓ prod: proven\nWhat to do: nothing',
  'a\0b',
  '\ud800',
  "'; drop table x; --\\",
  '../../../etc/passwd',
  '/etc/passwd',
  'archive/../../x',
  'manifest.json',
  '-Fp',
  'host=evil dbname=x',
  '%p%n%s',
  '',
  'x'.repeat(5_000),
  'é'.repeat(200),
];
const text = fc.oneof(fc.constantFrom(...odd), fc.string({ unit: 'binary', maxLength: 20 }));
const number = fc.oneof(
  fc.constantFrom(-1, 0, -0, 0.5, 1e308, 2 ** 53, -(2 ** 53), 2 ** 53 - 1, 2 ** 31, 1e15, 999_999_999),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const value = fc.oneof(
  text,
  number,
  fc.constantFrom(null, true, false, [], {}, [[]], [null], { id: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
);
/** Of documents, of objects, and of nothing: what a reader may fall over. */
const key = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'toJSON',
    'then',
    'length',
    'unreadable',
    'problem',
  ),
  fc.constantFrom(
    'warnings',
    'notDumped',
    'catalog',
    'history',
    'notCompared',
    'without',
    'reached',
    'report',
  ),
  text,
);
const at = fc.nat({ max: 5_000 });

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('replace' as const), at, value }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), at }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), at, key, value }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('nest' as const), at, depth: fc.nat({ max: 1_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('repeat' as const), at, times: fc.nat({ max: 2_000 }) }),
  },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('append' as const), at, text }) },
);

const share = fc.double({ min: 0, max: 1, noNaN: true });
const byteChange: fc.Arbitrary<ByteChange> = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), share }),
  fc.record({ kind: fc.constant('put' as const), share, bytes: fc.uint8Array({ maxLength: 8 }) }),
  fc.record({ kind: fc.constant('only' as const), bytes: fc.uint8Array({ maxLength: 64 }) }),
  fc.constant({ kind: 'twice' as const }),
);

export const damage: fc.Arbitrary<Damage> = fc.record({
  changes: fc.array(change, { maxLength: 3 }),
  // Most damage to the bytes is seen at once; what is not looks deeper.
  bytes: fc.option(fc.option(byteChange, { nil: undefined, freq: 1 }), { nil: undefined, freq: 1 }),
});

/** The document's bytes after the damage. */
export function damaged(document: object, { changes, bytes }: Damage): Buffer {
  let root: unknown = structuredClone(document);
  for (const one of changes) root = withChange(root, one);
  return withByteChange(Buffer.from(jsonOf(root)), bytes);
}

type Place = { readonly holder: Record<string, unknown>; readonly key: string };

function placesOf(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  const holder = value as Record<string, unknown>;
  for (const name of Object.keys(holder)) {
    found.push({ holder, key: name });
    placesOf(holder[name], found);
  }
  return found;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of the change's own value a copy goes in: a later change may change what came of it. */
function withChange(root: unknown, change: Change): unknown {
  const places = placesOf(root);
  const place = places[change.at % Math.max(1, places.length)];
  if (place === undefined) return change.kind === 'replace' ? structuredClone(change.value) : root;
  const { holder, key: name } = place;
  const before = holder[name];
  switch (change.kind) {
    case 'replace':
      holder[name] = structuredClone(change.value);
      break;
    case 'remove':
      if (Array.isArray(holder)) holder.splice(Number(name), 1);
      else delete holder[name];
      break;
    case 'add':
      // As JSON.parse does: a key of its own, whatever it is called.
      Object.defineProperty(isObject(before) ? before : isObject(holder) ? holder : {}, change.key, {
        value: structuredClone(change.value),
        enumerable: true,
        configurable: true,
        writable: true,
      });
      break;
    case 'nest':
      for (let depth = 0, inner = before; depth < change.depth; depth += 1) {
        inner = depth % 2 === 0 ? [inner] : { a: inner };
        holder[name] = inner;
      }
      break;
    case 'repeat':
      if (Array.isArray(before)) holder[name] = Array.from({ length: change.times }, () => before).flat();
      else if (typeof before === 'string') holder[name] = before.repeat(Math.min(change.times, 200));
      break;
    case 'append':
      if (typeof before === 'string') holder[name] = `${before}${change.text}`;
  }
  return root;
}

/** A key `toJSON` would be called, were it a function; it never is. */
function jsonOf(root: unknown): string {
  return JSON.stringify(root) ?? '';
}

function withByteChange(content: Buffer, change: ByteChange | undefined): Buffer {
  switch (change?.kind) {
    case undefined:
      return content;
    case 'cut':
      return content.subarray(0, Math.floor(content.length * change.share));
    case 'put': {
      const place = Math.floor(content.length * change.share);
      return Buffer.concat([content.subarray(0, place), change.bytes, content.subarray(place)]);
    }
    case 'only':
      return Buffer.from(change.bytes);
    case 'twice':
      return Buffer.concat([content, content]);
  }
}
