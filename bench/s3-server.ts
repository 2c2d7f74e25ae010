import { once } from 'node:events';
import { withS3Server } from '../test/support/aws/s3-server.ts';

// Runs until its standard input ends, which it does when the benchmark is gone, whatever became of it.
await withS3Server({ buckets: [process.argv[2] ?? 'bench'] }, async ({ url }) => {
  process.stdout.write(`${url}\n`);
  process.stdin.resume();
  await once(process.stdin, 'end');
});
