import { PgproofError } from '../../core/errors.ts';
import { type Outcome, titleOf } from '../../core/notify/alert.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { plural } from '../../core/text/units.ts';
import { visibleLines } from '../../core/text/visible.ts';

const shown = 50;

/** Something of a night did not go well. Everything else was done. */
export class NightFailed extends PgproofError {
  override readonly name = 'NightFailed';

  /** @param outcomes all that people are told of the night */
  constructor(outcomes: readonly Outcome[]) {
    const bad = outcomes.filter(({ result }) => result !== 'good');
    const lines = bad.slice(0, shown).map((outcome) => {
      const { what, headline = what, words, fix } = outcome;
      // Of several of one kind `what` is the sum, and what is wrong stands in the words.
      const said = words === undefined ? what : headline;
      return `  ${titleOf(outcome)}: ${oneLine(said.replace(/[.\s]+$/, ''))}${fix === undefined ? '' : `. ${fix}`}`;
    });
    const more = bad.length > shown ? [`  and ${bad.length - shown} more`] : [];
    const what = `The night had ${plural(bad.length, 'problem')}`;
    const got = [...lines, ...more].join('\n');
    const fix = 'Everything else was done.';
    super({ what, got, fix });
    // A line each, with its own fix.
    this.message = visibleLines(`${what}:\n${got}\n${fix}`);
  }
}
