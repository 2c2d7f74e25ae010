import { InvalidArgumentError, Option } from 'commander';
import { parseWithout } from '../core/config/without.ts';
import { messageOf, UsageError } from '../core/errors.ts';
import { mayRestore, type VerifyChoice } from '../core/vocabulary.ts';

/** `--without`: what a verification by restore may go without. */
export function withoutOption(): Option {
  return new Option(
    '--without <spec>',
    'what may lack where it is restored, such as "extension aws_commons"; may be given several times',
  ).argParser(collect);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  try {
    parseWithout(text);
  } catch (error: unknown) {
    throw new InvalidArgumentError(messageOf(error));
  }
  return [...before, text];
}

/** @throws UsageError where nothing would be restored, so that nothing can lack */
export function refuseWithout(without: readonly string[] | undefined, level: VerifyChoice): void {
  if (without === undefined || (level !== 'none' && mayRestore(level))) return;
  throw new UsageError({
    what: '--without is about a restore',
    got: `level ${level}`,
    expected: 'restore or auto',
    fix: 'Ask for level restore, or leave --without out.',
  });
}
