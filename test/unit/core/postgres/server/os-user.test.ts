import { expect, test } from 'vitest';
import { parsePasswd, parseUidMap } from '../../../../../core/postgres/server/os-user.ts';

test('users of /etc/passwd', () => {
  expect(
    parsePasswd('root:x:0:0:root:/root:/bin/sh\npostgres:x:105:110::/var/lib/postgresql:\nbroken:x:y\n'),
  ).toEqual([
    { name: 'root', uid: 0, gid: 0 },
    { name: 'postgres', uid: 105, gid: 110 },
  ]);
});

test.each([
  ['the machine itself', '         0          0 4294967295\n', [0, 105, 65534], []],
  [
    'root alone, as unshare --map-root-user gives',
    '         0       1001          1\n',
    [0],
    [1, 105, 65534],
  ],
  [
    'a rootless container',
    '         0       1001          1\n         1     100000      65536\n',
    [0, 105, 65536],
    [65537],
  ],
  ['a system without namespaces', '', [0, 105], []],
])('whom %s knows', (_, text, known, unknown) => {
  const isKnown = parseUidMap(text);
  expect(known.filter((uid) => !isKnown(uid))).toEqual([]);
  expect(unknown.filter(isKnown)).toEqual([]);
});
