import { exitStatusOf, tellFailure } from '../../../cli/failure.ts';
import { interruptible } from '../../../cli/interrupt.ts';
import { messageOf, UsageError } from '../../../core/errors.ts';
import { bucket, type FunctionName, type LocalLambda, withLocalLambda } from './local-lambda.ts';
import { logToStderr, say, sayAlerts, sayStore, sayTitle } from './local-output.ts';
import { objectCreated } from './s3-event.ts';

/** What each function is called with where no event is given. */
const usualEvents: Readonly<Record<FunctionName, object>> = {
  backup: {},
  verify: { backup: 'shop/shop/latest' },
  restore: { backup: 'shop/shop/latest', target: { database: 'shop_restored' }, create: true },
  prune: { dryRun: true },
  copy: {},
  log: { Records: [{ messageId: 'none', body: '[]' }] },
};

const example = `npm run lambda -- backup '{}'`;

/** @throws UsageError */
function parseCall([name = '', json, ...rest]: readonly string[]): { name: FunctionName; event: unknown } {
  if (!isFunction(name)) {
    throw new UsageError({
      what: 'There is no function of this name',
      got: name === '' ? 'no name' : JSON.stringify(name),
      expected: Object.keys(usualEvents).join(', '),
      fix: `Write ${example}.`,
    });
  }
  try {
    if (rest.length > 0) throw new Error('more than one argument');
    return { name, event: json === undefined ? usualEvents[name] : JSON.parse(json) };
  } catch (error: unknown) {
    throw new UsageError({
      what: 'The event is no JSON document',
      got: `${json} (${messageOf(error)})`,
      expected: `one argument, such as '${JSON.stringify(usualEvents[name])}'`,
      fix: 'Put it in single quotes, so that the shell leaves it as it is.',
    });
  }
}

function isFunction(name: string): name is FunctionName {
  return Object.hasOwn(usualEvents, name);
}

/** A verification needs a backup, and a restore one that is good: as in AWS, a backup's manifest has it verified. */
async function prepare(lambda: LocalLambda, name: FunctionName): Promise<void> {
  if (name === 'backup') return;
  sayTitle('First a backup, by the backup function: the store is empty');
  await lambda.invoke('backup', {});
  if (name === 'verify') return;
  for (const key of lambda.aws.s3.keys(bucket).filter((one) => one.endsWith('/manifest.json'))) {
    sayTitle(`Then its verification, by the verify function: s3://${bucket}/${key} was created`);
    await lambda.invoke('verify', objectCreated(bucket, key), { PGPROOF_VERIFY_LEVEL: 'read' });
  }
}

/** What Lambda would hand to whoever called: the result, or the error as it spells errors. */
async function call(lambda: LocalLambda, name: FunctionName, event: unknown): Promise<void> {
  let answer: unknown;
  try {
    answer = await lambda.invoke(name, event);
  } catch (error: unknown) {
    process.exitCode = 1;
    answer = { errorType: error instanceof Error ? error.name : 'Error', errorMessage: messageOf(error) };
    say(error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error));
  }
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
}

async function run({ name, event }: ReturnType<typeof parseCall>): Promise<void> {
  logToStderr();
  await interruptible((signal) =>
    withLocalLambda({ signal, onProgress: say }, async (lambda) => {
      // A handler knows no Ctrl-C: its servers end, and then this process.
      const interrupted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      const work = async (): Promise<void> => {
        await prepare(lambda, name);
        sayTitle(`${name} ${JSON.stringify(event)}`);
        await call(lambda, name, event);
        sayAlerts(lambda.aws.sns.messages);
        sayStore(lambda.aws.s3, bucket);
      };
      await Promise.race([work(), interrupted]);
    }),
  );
}

try {
  await run(parseCall(process.argv.slice(2)));
} catch (error: unknown) {
  tellFailure(error);
  process.exit(exitStatusOf(error));
}
