#!/usr/bin/env node
import { PgproofError } from '../core/errors.ts';
import { runCommand } from './command-line.ts';
import { tellFailure } from './failure.ts';

// The SDK tells users of an older Node to upgrade for its next versions; which version is used is pgproof's business.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that stops early (`pgproof list | head`) is no failure, and no reason to stop a backup.
  if (error.code === 'EPIPE') return;
  const what = 'The result could not be written to standard output';
  tellFailure(
    new PgproofError({ what, got: error.message, fix: 'Send it somewhere else.' }, { cause: error }),
  );
  process.exitCode = 1;
});
// With standard error gone there is no one left to tell; the work goes on, and the exit status says how it ended.
process.stderr.on('error', () => undefined);

const status = await runCommand(process.argv.slice(2));
// What was written may have failed meanwhile.
if (status !== 0) process.exitCode = status;
