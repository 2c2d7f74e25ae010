import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { nightJsonSchema } from '../core/config/night-json-schema.ts';
import { reportJsonSchema } from '../core/report/document.ts';

/** `npm run schema`: writes the JSON Schemas of pgproof.yaml and of a report anew. A test fails where one is not up to date. */
const directory = path.join(import.meta.dirname, '../schema');
const schemas = { pgproof: nightJsonSchema(), report: reportJsonSchema() };
for (const [name, schema] of Object.entries(schemas))
  await writeFile(path.join(directory, `${name}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`);
