import { fileStore } from '../../../../../core/store/file/file-store.ts';
import { ObjectChanged } from '../../../../../core/store/store.ts';

/** One of several processes that add words to the same object. Arguments: directory, name. */
const [directory = '', name = ''] = process.argv.slice(2);
const store = fileStore({ directory });
for (let index = 0; index < 10; ) {
  const before = await store.readVersion('s/v');
  const content = Buffer.from(`${before?.content.toString() ?? ''}${name}-${index} `);
  try {
    await store.replaceIf('s/v', content, before?.version);
    index += 1;
  } catch (error) {
    if (!(error instanceof ObjectChanged)) throw error;
  }
}
