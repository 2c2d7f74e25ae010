import { expect, test } from 'vitest';
import { readYaml } from '../../../../core/night/read-yaml.ts';

const gotOf = (text: string): string[] => readYaml(text).problems.map(({ path, got }) => `${path}: ${got}`);

test('what is wrong with a file is said in words that name no rule of a grammar', () => {
  expect(gotOf('sources:\n  - name: x: y\n')).toEqual([
    'line 2, column 11: a second key on one line, perhaps a colon in a text without quotes',
  ]);
  expect(gotOf('sources:\n\t- name: x\n')).toEqual(['line 2, column 1: a tab as indentation']);
  expect(gotOf('a: 1\na: 2\n')).toEqual(['line 2, column 1: a key that is there twice']);
  expect(gotOf('a: @b\n')).toHaveLength(1);
  expect(gotOf('a: b\n')).toEqual([]);
});
