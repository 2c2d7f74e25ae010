/** Of the page: no font, image or script from anywhere. */
export const style = `
:root { color-scheme: light dark; --ink: #1a1c1e; --dim: #565d64; --line: #d5d9dd; --back: #fff; --good: #17692d; --bad: #a8201a; --look: #8a5300; --soft: #f4f6f7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e9eb; --dim: #a5adb5; --line: #3b4249; --back: #16191c; --good: #6fcf86; --bad: #ff8f87; --look: #f0b65a; --soft: #1f2327; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 3rem; background: var(--back); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p, ul { margin: .5rem 0; }
ul { padding-left: 1.25rem; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .2rem 1.25rem; margin: .75rem 0; }
dt { color: var(--dim); }
dd { margin: 0; }
.dim { color: var(--dim); }
.good { color: var(--good); }
.bad { color: var(--bad); font-weight: 600; }
.look { color: var(--look); }
code { font: .85em ui-monospace, monospace; }
table { width: 100%; border-collapse: collapse; margin: .75rem 0; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 500; overflow-wrap: normal; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-right: 1.25rem; }
td ul { margin: 0; padding-left: 1rem; }
@media screen and (max-width: 47.9rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .4rem; }
  table, caption, tbody, tr, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { background: var(--soft); border-radius: .4rem; padding: .5rem .75rem; margin: .5rem 0; }
  td { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: .75rem; border: 0; padding: .1rem 0; }
  td.n { text-align: left; white-space: normal; }
  td::before { content: attr(data-head); color: var(--dim); }
}
@page { size: A4; margin: 15mm 14mm; }
@media print {
  :root { color-scheme: light; --ink: #000; --dim: #444; --line: #bbb; --back: #fff; --good: #17692d; --bad: #a8201a; --look: #8a5300; }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  h1 { font-size: 18pt; }
  h2 { font-size: 13pt; break-after: avoid; }
  h3, caption { break-after: avoid; }
  table { font-size: 8pt; }
  thead { display: table-header-group; }
  tr, dl { break-inside: avoid; }
}
`;
