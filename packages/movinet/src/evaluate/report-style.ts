import { dark, darkRules, light, type Theme } from "../plot/palette.ts";

/** Custom properties of a theme; `good` and `bad` are the grounds of right and wrong answers, which carry text. */
const properties = (theme: Theme, more: string) =>
  `--page: ${theme.page}; --card: ${theme.card}; --ink: ${theme.ink}; --faint: ${theme.faint}; --line: ${theme.rule}; --accent: ${theme.series[0]}; ${more}`;

/** The style sheet of a report: light and dark after the reader's setting, from phones to wide screens, and on paper. */
export const reportStyle = `
:root { color-scheme: light dark; ${properties(light, "--good: 38 132 205; --bad: 226 104 34; --notice: #fff4d6; --notice-edge: #d99a00;")} }
@media screen and (prefers-color-scheme: dark) { :root { ${properties(dark, "--good: 30 104 170; --bad: 178 78 20; --notice: #3a2f10;")} } }
${darkRules}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
main { max-width: 1080px; margin: 0 auto; padding: 32px clamp(16px, 4vw, 40px) 64px; }
h1 { font-size: 1.6rem; line-height: 1.25; letter-spacing: -.01em; margin: 0 0 4px; text-wrap: balance; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 48px 0 14px; padding-top: 14px; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 6px; }
p { margin: 0 0 8px; max-width: 72ch; text-wrap: pretty; }
small, .faint, caption, figcaption { color: var(--faint); font-size: .9rem; }
.head { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 8px 48px; align-items: start; margin-top: 24px; }
.big { font-size: 3.4rem; font-weight: 700; line-height: 1.1; margin: 0 0 2px; letter-spacing: -.02em; }
.range { position: relative; height: 12px; margin: 14px 0 6px; border-radius: 6px; background: var(--line); }
p.scale { display: flex; justify-content: space-between; gap: 12px; text-align: center; font-size: .85rem; max-width: none; margin-bottom: 0; }
p.scale span:first-child, p.scale span:last-child { white-space: nowrap; }
.range i { position: absolute; top: 0; bottom: 0; border-radius: 6px; background: rgb(var(--good) / .55); }
.range b { position: absolute; top: -4px; bottom: -4px; width: 4px; margin-left: -2px; border-radius: 2px; background: var(--ink); }
.range u { position: absolute; top: -4px; bottom: -4px; border-left: 2px dotted var(--ink); }
.lead { font-size: 1.1rem; font-weight: 600; line-height: 1.35; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 12px; margin: 24px 0 0; }
.tiles div { background: var(--card); border-radius: 8px; padding: 12px 14px; }
.tiles dt { color: var(--faint); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.35rem; font-weight: 600; }
.tiles dd small { display: block; font-size: .85rem; font-weight: 400; line-height: 1.35; }
.notice { border-left: 4px solid var(--notice-edge); background: var(--notice); border-radius: 6px; padding: 12px 16px; margin: 20px 0 0; }
.notice ul { margin: 4px 0 0; padding-left: 20px; }
.notice li { max-width: 84ch; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 280px), 1fr)); gap: 28px 44px; }
figure { margin: 0; min-width: 0; max-width: 420px; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: 8px; }
.charts figure:only-child { max-width: none; display: grid; grid-template-columns: minmax(0, 420px) minmax(0, 1fr); column-gap: 44px; }
.charts figure:only-child h3 { grid-column: 1 / -1; }
.beside { display: flex; flex-wrap: wrap; gap: 20px 56px; align-items: flex-start; }
.beside > div { max-width: 100%; min-width: 0; }
.beside > div + div { flex: 1 1 260px; }
.mixups { margin: 0; padding-left: 20px; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; }
th { font-weight: 600; text-align: left; }
td, th { padding: 5px 10px; vertical-align: top; }
td:first-child, th:first-child { padding-left: 0; }
td:last-child, th:last-child { padding-right: 0; }
tbody tr, tfoot tr { border-top: 1px solid var(--line); }
thead th { color: var(--faint); font-size: .85rem; font-weight: 400; vertical-align: bottom; }
.num { text-align: right; white-space: nowrap; overflow-wrap: normal; }
thead .num { white-space: normal; }
.classes { width: 100%; }
.bar { position: relative; z-index: 0; }
.bar i { position: absolute; z-index: -1; left: 0; top: 3px; height: 1.5em; border-radius: 3px; background: rgb(var(--good) / .35); }
.matrix { border-spacing: 2px; border-collapse: separate; }
.matrix tr { border: 0; }
.matrix td { min-width: 36px; height: 34px; padding: 3px 5px; text-align: center; vertical-align: middle; background: var(--card); border-radius: 4px; }
.matrix.dense td { min-width: 22px; height: 23px; padding: 1px 2px; font-size: .85rem; }
.matrix .hit { background: rgb(var(--good) / calc(.18 + .62 * var(--a))); }
.matrix .miss { background: rgb(var(--bad) / calc(.22 + .6 * var(--a))); }
.matrix th { color: var(--ink); font-weight: 400; font-size: .9rem; }
.matrix thead th { padding: 0 0 4px; }
.matrix thead th span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 9.5em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; margin: 0 auto; }
.matrix tbody th { position: sticky; left: 0; z-index: 1; background: var(--page); text-align: right; vertical-align: middle; white-space: nowrap; max-width: min(34vw, 17em); overflow: hidden; text-overflow: ellipsis; padding: 2px 8px 2px 0; }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 290px), 1fr)); gap: 24px 32px; }
.clip { min-width: 0; border-top: 3px solid var(--line); padding-top: 10px; }
.clip.wrong { border-color: rgb(var(--bad)); }
.strip { display: flex; gap: 3px; margin: 0 0 6px; }
.strip img { flex: 1 1 0; min-width: 0; max-width: 128px; object-fit: fill; border-radius: 4px; background: var(--line); }
.clip p { margin: 0; }
.clip p, .clip li span:first-child { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
.clip ol { list-style: none; margin: 6px 0 0; padding: 0; font-size: .9rem; }
.clip li { display: flex; justify-content: space-between; gap: 12px; padding: 0 6px; line-height: 26px; margin-bottom: 2px; }
.clip li i { top: 0; height: 26px; }
.clip li span:last-child { white-space: nowrap; }
.facts th { color: var(--faint); font-weight: 400; overflow-wrap: normal; min-width: 10em; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 8px 44px; align-items: start; }
pre { background: var(--card); border-radius: 8px; padding: 12px 14px; margin: 0; white-space: pre-wrap; font: .9rem/1.45 ui-monospace, monospace; }
@media (max-width: 620px) { .stack thead { display: none; } .stack tr, .stack th, .stack td { display: block; padding: 0; } .stack tr { padding: 12px 0; }
  .stack td { display: flex; justify-content: space-between; gap: 16px; padding-top: 4px; white-space: normal; } .stack td::before { content: attr(data-label); color: var(--faint); text-align: left; } .charts figure:only-child { display: block; } }
@media (max-width: 520px) { h2 { margin-top: 36px; } .big { font-size: 2.8rem; } td, th { padding: 4px 5px; } .classes { font-size: .85rem; } .classes thead th { font-size: .75rem; } .classes tbody th { min-width: 6.5em; } .matrix td { min-width: 28px; height: 28px; padding: 2px; font-size: .9rem; } .wide-only { display: none; } .facts th { min-width: 8em; } }
@media print { :root { --ink: #000000; --faint: #444444; color-scheme: light; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } main { max-width: none; padding: 0; } body { font-size: 12px; }
  figure, .clip, .tiles div, tr, .notice { break-inside: avoid; } h2 { break-after: avoid; } .scroll { overflow: visible; } }
`;
