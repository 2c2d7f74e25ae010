import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultVersion, neededScripts } from '../../../../layers/postgres/extension-scripts.ts';

async function needed(files: Readonly<Record<string, string>>): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-scripts-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    return Object.keys(files).filter(await neededScripts(directory));
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe('neededScripts', () => {
  it('does without upgrades where the default version has a script of its own', async () => {
    const files = {
      'postgis-3.control': "# comment\ndefault_version = '3.5.2'\n",
      'postgis--3.5.2.sql': '',
      'postgis--3.5.1--3.5.2.sql': '',
      'postgis--TEMPLATED--TO--ANY.sql': '',
    };
    expect(await needed(files)).toEqual(['postgis-3.control', 'postgis--3.5.2.sql']);
  });

  it('keeps the way to the default version where it is made of several scripts', async () => {
    const files = {
      'hstore.control': "default_version = '1.8'\n",
      'hstore--1.4.sql': '',
      'hstore--1.4--1.5.sql': '',
      'hstore--1.5--1.8.sql': '',
    };
    expect(await needed(files)).toEqual(Object.keys(files));
  });

  it('keeps what it knows nothing of', async () => {
    const files = { 'odd--1--2.sql': '', 'odd.control': 'comment = 1\n', README: '' };
    expect(await needed(files)).toEqual(Object.keys(files));
    expect(defaultVersion("#default_version = '1'\n")).toBeUndefined();
  });
});
