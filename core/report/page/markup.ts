import { visible } from '../../text/visible.ts';

/** Markup of ours. Everything else is text, and becomes markup by being escaped only. */
export class Markup {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

export type Content = Markup | string | number | readonly Content[];

/** A template whose values are text of anybody's, unless they are markup. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.reduce((all, part, index) => `${all}${written(values[index - 1] ?? '')}${part}`));
}

function written(content: Content): string {
  if (content instanceof Markup) return content.html;
  if (typeof content === 'string') return escaped(content);
  return typeof content === 'number' ? String(content) : content.map(written).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text within an element or a quoted attribute; what turns text around or hides in it is shown. */
function escaped(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

export type Column = { readonly head: string; readonly isNumber?: true };

/**
 * A table that becomes a card per row where the page is narrow: each cell carries its heading. The roles are said, as a
 * browser forgets that it is a table once its parts are blocks.
 */
export function htmlTable(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Markup {
  const heads = columns.map(
    ({ head, isNumber }) =>
      html`<th role="columnheader" scope="col"${isNumber ? new Markup(' class="n"') : ''}>${head}</th>`,
  );
  const lines = rows.map((cells) => {
    const made = cells.map((cell, index) => {
      const { head = '', isNumber } = columns[index] ?? {};
      return html`<td role="cell" data-head="${head}"${isNumber ? new Markup(' class="n"') : ''}><div>${cell}</div></td>`;
    });
    return html`<tr role="row">${made}</tr>\n`;
  });
  return html`<table role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${heads}</tr></thead>
<tbody role="rowgroup">
${lines}</tbody></table>
`;
}
