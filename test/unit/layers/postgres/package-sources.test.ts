import { describe, expect, it } from 'vitest';
import { parsePrintedUris } from '../../../../layers/postgres/apt.ts';
import {
  type MachineSource,
  signedByOfLine,
  signedByOfStanza,
} from '../../../../layers/postgres/machine-sources.ts';
import { renderSuite, suitesFor } from '../../../../layers/postgres/package-sources.ts';

const debian: MachineSource = {
  uri: 'http://mirror.example/debian/',
  release: 'bookworm',
  component: 'main',
  distributor: 'Debian',
  signedBy: '/keys/debian.gpg',
};
const updates: MachineSource = { ...debian, release: 'bookworm-updates' };
const security: MachineSource = {
  ...debian,
  uri: 'http://mirror.example/debian-security/',
  release: 'bookworm-security',
};
const project: MachineSource = {
  uri: 'https://project.example/apt/',
  release: 'bookworm-pgdg',
  component: 'main',
  distributor: 'PGDG',
  signedBy: '/keys/pgdg.asc',
};

describe('suitesFor', () => {
  it('derives the release of a major from the mirror that the machine uses', () => {
    const [first] = suitesFor(17, [debian, updates, security]);
    expect(first?.name).toBe('trixie');
    expect(first?.stanzas.map(({ uri, release }) => `${uri} ${release}`)).toEqual([
      'http://mirror.example/debian/ trixie',
      'http://mirror.example/debian-security/ trixie-security',
    ]);
  });

  it('does without security updates where the machine has no source for them', () => {
    expect(suitesFor(18, [debian])[0]?.stanzas.map(({ release }) => release)).toEqual(['forky']);
  });

  it('prefers the PostgreSQL project’s own source, together with the release that it is made for', () => {
    const suites = suitesFor(17, [debian, project]);
    expect(suites.map(({ name }) => name)).toEqual(['own', 'trixie']);
    expect(suites[0]?.stanzas.map(({ release }) => release)).toEqual(['bookworm', 'bookworm-pgdg']);
  });

  it('knows only the machine’s own release for other majors and on Ubuntu', () => {
    const ubuntu: MachineSource = { ...debian, distributor: 'Ubuntu', release: 'noble' };
    expect(suitesFor(16, [ubuntu]).map(({ name }) => name)).toEqual(['own']);
    expect(suitesFor(17, [ubuntu]).map(({ name }) => name)).toEqual(['own']);
    expect(suitesFor(16, [debian]).map(({ name }) => name)).toEqual(['own']);
    expect(suitesFor(17, [])).toEqual([]);
  });
});

describe('renderSuite', () => {
  it('keeps the key that the machine checks this source with', () => {
    const suite = { name: 'own', stanzas: [debian, { ...project, signedBy: undefined }] };
    expect(renderSuite(suite)).toBe(
      'Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm\nComponents: main\nSigned-By: /keys/debian.gpg\n' +
        '\nTypes: deb\nURIs: https://project.example/apt/\nSuites: bookworm-pgdg\nComponents: main\n',
    );
  });
});

describe('Signed-By', () => {
  const stanzas = `# comment
Types: deb
URIs: http://a.example/

Types: deb
# a comment within
URIs: http://b.example/
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
Suites: x
`;

  it('is read from a stanza, a whole key included', () => {
    expect(signedByOfStanza(stanzas, 1)).toBeUndefined();
    expect(signedByOfStanza(stanzas, 2)).toBe('\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc');
    expect(signedByOfStanza('Signed-By: /keys/a.gpg\nTypes: deb', 1)).toBe('/keys/a.gpg');
    expect(signedByOfStanza('', 1)).toBeUndefined();
  });

  it('is read from a line', () => {
    const lines =
      '# first\ndeb [arch=amd64 signed-by=/keys/a.gpg] http://a.example/ x main\ndeb http://b.example/ x main';
    expect(signedByOfLine(lines, 2)).toBe('/keys/a.gpg');
    expect(signedByOfLine(lines, 3)).toBeUndefined();
    expect(signedByOfLine(lines, 9)).toBeUndefined();
  });
});

describe('parsePrintedUris', () => {
  it('finds names and versions, epochs included', () => {
    const sum = '0123456789abcdef'.repeat(4);
    const output = [
      `'http://a.example/libcrypt1_4.5.2%2b20251210-1_arm64.deb' libcrypt1_1%3a4.5.2+20251210-1_arm64.deb 92028 SHA256:${sum}`,
      "'http://a.example/netbase_6.6_all.deb' netbase_6.6_all.deb 10344 MD5Sum:28",
      'Reading package lists...',
    ].join('\n');
    expect(parsePrintedUris(output)).toEqual([
      { name: 'libcrypt1', version: '1:4.5.2+20251210-1', architecture: 'arm64', sha256: sum, bytes: 92028 },
      { name: 'netbase', version: '6.6', architecture: 'all', sha256: undefined, bytes: 10344 },
    ]);
  });
});
