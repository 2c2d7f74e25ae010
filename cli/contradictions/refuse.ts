import type { Command } from 'commander';
import { UsageError } from '../../core/errors.ts';
import { type Rule, rules } from './rules.ts';
import { isTermOf, type Term } from './terms.ts';

/**
 * Refuses a call that says two things of which one would be ignored, or that cannot both be meant, before anything is
 * looked at.
 * @throws UsageError
 */
export function refuseContradictions(command: Command): void {
  for (const rule of rulesOf(command)) {
    const { against, needs, why } = rule;
    for (const one of saidOf(command, rule.given)) {
      const [other] = saidOf(command, against ?? []);
      if (other !== undefined)
        throw new UsageError({
          what: `${one} and ${other} contradict each other`,
          got: why,
          fix: 'Leave one of the two out.',
        });
      if (needs !== undefined && saidOf(command, needs).length === 0)
        throw new UsageError({
          what: `${one} says nothing alone`,
          got: why,
          expected: needs
            .map(({ example: [name = '', value = ''], flag }) => named(flag ?? name, value))
            .join(' or '),
          fix: `Add it, or leave ${one} out.`,
        });
    }
  }
}

/** The rules that can matter to a command, with what it has of their sides. */
export function rulesOf(command: Command): readonly Rule[] {
  return rules.flatMap((rule) => {
    const { only, given, against, needs } = rule;
    if (only !== undefined && only !== command.name()) return [];
    const has = (terms: readonly Term[]): Term[] => terms.filter((term) => isTermOf(command, term));
    const own = {
      ...rule,
      given: has(given),
      ...(against && { against: has(against) }),
      ...(needs && { needs: has(needs) }),
    };
    const other = own.against ?? own.needs ?? [];
    return own.given.length === 0 || other.length === 0 ? [] : [own];
  });
}

function saidOf(command: Command, terms: readonly Term[]): string[] {
  return terms.flatMap((term) => term.said(command) ?? []);
}

/** Of --globals the value matters; of others any will do. */
function named(flag: string, value: string): string {
  return flag === '--globals' ? `${flag} ${value}` : flag;
}
