/** PostgreSQL's names of server encodings (manual, "Character Set Support") as the labels of TextDecoder. */
const labels: Readonly<Record<string, string>> = {
  UTF8: 'utf-8',
  // The server sends such names unconverted, and what reads them takes them for UTF-8.
  SQL_ASCII: 'utf-8',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN5: 'windows-1254',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
  EUC_JP: 'euc-jp',
  EUC_CN: 'gbk',
  EUC_KR: 'euc-kr',
};

/**
 * Reads names out of a dump's bytes. Encodings that the runtime has no decoder for (EUC_TW, MULE_INTERNAL,
 * EUC_JIS_2004, and LATIN1, which TextDecoder takes for windows-1252) are read byte by byte as ISO 8859-1.
 */
export function nameDecoder(encoding: string): (bytes: Buffer) => string {
  const label = labels[encoding];
  if (label === undefined) return (bytes) => bytes.toString('latin1');
  if (label === 'utf-8') return (bytes) => bytes.toString('utf8');
  try {
    const decoder = new TextDecoder(label);
    return (bytes) => decoder.decode(bytes);
  } catch {
    // A runtime built with fewer encodings.
    return (bytes) => bytes.toString('latin1');
  }
}

/**
 * Whether a decoded name is surely what the server would say in UTF-8. Of the others, decoders differ from
 * PostgreSQL's conversion tables in single characters (EUC_JP's wave dash).
 */
export function decodesExactly(encoding: string): boolean {
  return encoding === 'UTF8' || encoding === 'SQL_ASCII' || encoding === 'LATIN1';
}
