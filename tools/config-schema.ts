import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { nightJsonSchema } from '../core/config/night-json-schema.ts';

/** `npm run schema`: writes the JSON Schema of pgproof.yaml anew. A test fails where it is not up to date. */
const file = path.join(import.meta.dirname, '../schema/pgproof.schema.json');
await writeFile(file, `${JSON.stringify(nightJsonSchema(), null, 2)}\n`);
