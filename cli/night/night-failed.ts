import { PgproofError } from '../../core/errors.ts';
import { type Outcome, titleOf } from '../../core/notify/alert.ts';
import { plural } from '../../core/text/units.ts';

const shown = 50;

/** Something of a night did not go well. Everything else was done. */
export class NightFailed extends PgproofError {
  override readonly name = 'NightFailed';

  /** @param outcomes all that people are told of the night */
  constructor(outcomes: readonly Outcome[]) {
    const bad = outcomes.filter(({ result }) => result !== 'good');
    const lines = bad.slice(0, shown).map((outcome) => {
      const { what, fix } = outcome;
      return `${titleOf(outcome)}: ${what}${fix === undefined ? '' : `. ${fix}`}`;
    });
    super({
      what: `The night had ${plural(bad.length, 'problem')}`,
      got: [...lines, ...(bad.length > shown ? [`and ${bad.length - shown} more`] : [])].join('\n'),
      fix: 'Everything else was done.',
    });
  }
}
