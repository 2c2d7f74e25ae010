/** When pg_restore was busy with what, told by what it says it begins with. */
export class PhaseTimes {
  #rowsBegan: number | undefined;
  #rowsEnded: number | undefined;

  /**
   * @param doing as progress tells it: `table data public.users`, `index public.users_email_idx`
   * @param at milliseconds of a clock that only goes forward
   */
  step(doing: string, at: number): void {
    if (isOfRows.test(doing)) {
      this.#rowsBegan ??= at;
      this.#rowsEnded = undefined;
    } else if (this.#rowsBegan !== undefined) this.#rowsEnded ??= at;
  }

  /** How long, in milliseconds, the rows took, and what came after them; undefined where there were none. */
  until(endedAt: number): { readonly rows: number; readonly after: number } | undefined {
    if (this.#rowsBegan === undefined) return undefined;
    const rowsEnded = this.#rowsEnded ?? endedAt;
    return { rows: rowsEnded - this.#rowsBegan, after: endedAt - rowsEnded };
  }
}

/** What stands in the data section, as progress tells it: see phasesOf. */
export const isOfRows = /^(?:table data |large objects$|sequence set )/;
