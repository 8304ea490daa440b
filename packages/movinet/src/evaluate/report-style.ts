/** The style sheet of a report: light and dark after the reader's setting, from phones to wide screens, and on paper. */
export const reportStyle = `
:root { color-scheme: light dark; --page: #ffffff; --card: #f5f6f8; --ink: #1b1d21; --faint: #5b616b; --line: #dfe2e7;
  --blue: #0b66a8; --orange: #b84a00; --violet: #7a3ea8; --good: 38 132 205; --bad: 226 104 34; --notice: #fff4d6; --notice-edge: #d99a00; }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --card: #1f2227; --ink: #e9eaec; --faint: #a7adb7;
  --line: #363b43; --blue: #6bb6f0; --orange: #f29a5c; --violet: #c79bf0; --good: 30 104 170; --bad: 178 78 20; --notice: #3a2f10; --notice-edge: #d99a00; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 1240px; margin: 0 auto; padding: 24px clamp(14px, 3vw, 40px) 48px; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 40px 0 12px; }
h3 { font-size: 1rem; margin: 0 0 4px; }
p { margin: 0 0 8px; max-width: 75ch; }
p.faint { max-width: 84ch; }
small, .faint, caption, figcaption { color: var(--faint); font-size: .9rem; }
.big { font-size: 3.2rem; font-weight: 700; line-height: 1.1; margin: 20px 0 2px; letter-spacing: -.02em; }
.range { position: relative; height: 12px; max-width: 520px; margin: 10px 0 4px; border-radius: 6px; background: var(--line); }
p.scale { display: flex; justify-content: space-between; max-width: 520px; font-size: .8rem; margin-bottom: 14px; }
.range i { position: absolute; top: 0; bottom: 0; border-radius: 6px; background: rgb(var(--good) / .55); }
.range b { position: absolute; top: -4px; bottom: -4px; width: 4px; margin-left: -2px; border-radius: 2px; background: var(--ink); }
.range u { position: absolute; top: -4px; bottom: -4px; border-left: 2px dotted var(--orange); }
.lead { font-size: 1.1rem; font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 10px; margin: 20px 0 0; }
.tiles div { background: var(--card); border-radius: 8px; padding: 10px 14px; }
.tiles dt { color: var(--faint); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.3rem; font-weight: 600; }
.tiles dd small { display: block; font-size: .8rem; font-weight: 400; line-height: 1.35; }
.notice { border-left: 5px solid var(--notice-edge); background: var(--notice); border-radius: 6px; padding: 12px 16px; margin: 20px 0 0; max-width: 800px; }
.notice ul { margin: 4px 0 0; padding-left: 20px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 350px), 1fr)); gap: 24px 32px; }
figure { margin: 0; min-width: 0; max-width: 500px; }
figure svg { display: block; width: 100%; height: auto; }
.key { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0 0 4px; min-height: 1.5em; font-size: .9rem; color: var(--faint); }
.key svg { display: inline-block; width: 30px; height: 10px; margin-right: 6px; vertical-align: middle; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { font-weight: 600; text-align: left; }
td, th { padding: 4px 10px; vertical-align: top; }
td:first-child, th:first-child { padding-left: 0; }
tbody tr, tfoot tr { border-top: 1px solid var(--line); }
thead th { color: var(--faint); font-size: .85rem; font-weight: 400; vertical-align: bottom; }
.num { text-align: right; white-space: nowrap; }
.classes { width: 100%; max-width: 860px; }
.bar { position: relative; z-index: 0; }
.bar i { position: absolute; z-index: -1; left: 0; top: 3px; height: 1.5em; border-radius: 3px; background: rgb(var(--good) / .35); }
.matrix { border-spacing: 2px; border-collapse: separate; }
.matrix tr { border: 0; }
.matrix td { min-width: 32px; height: 30px; padding: 3px 5px; text-align: center; vertical-align: middle; background: var(--card); border-radius: 4px; }
.matrix.dense td { min-width: 22px; height: 23px; padding: 1px 2px; font-size: .85rem; }
.matrix .hit { background: rgb(var(--good) / calc(.18 + .62 * var(--a))); }
.matrix .miss { background: rgb(var(--bad) / calc(.22 + .6 * var(--a))); }
.matrix th { color: var(--ink); font-weight: 400; font-size: .9rem; }
.matrix thead th { padding: 0; }
.matrix thead th span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 9.5em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; margin: 0 auto; }
.matrix tbody th { position: sticky; left: 0; background: var(--page); text-align: right; vertical-align: middle; white-space: nowrap; max-width: min(34vw, 17em); overflow: hidden; text-overflow: ellipsis; padding: 2px 8px 2px 0; }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 18px 24px; }
.clip { min-width: 0; border-top: 3px solid var(--line); padding-top: 8px; }
.clip.wrong { border-color: rgb(var(--bad)); }
.strip { display: flex; gap: 3px; margin: 0 0 6px; }
.strip img { flex: 1 1 0; min-width: 0; max-width: 128px; object-fit: fill; border-radius: 4px; background: var(--line); }
.clip p { margin: 0; }
.clip ol { list-style: none; margin: 4px 0 0; padding: 0; font-size: .9rem; }
.clip li { display: flex; justify-content: space-between; gap: 12px; padding: 0 6px; }
.clip li span:last-child { white-space: nowrap; }
.facts th { color: var(--faint); font-weight: 400; overflow-wrap: normal; min-width: 10em; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 8px 32px; align-items: start; }
pre { background: var(--card); border-radius: 8px; padding: 12px 14px; margin: 0; white-space: pre-wrap; font: .9rem/1.45 ui-monospace, monospace; }
@media (max-width: 520px) { .big { font-size: 2.6rem; } td, th { padding: 4px 6px; } .classes { font-size: .9rem; } .classes tbody th { min-width: 7.5em; } .matrix td { min-width: 26px; height: 28px; padding: 2px; font-size: .9rem; } .wide-only { display: none; } }
@media print { :root { --page: #ffffff; --card: #f5f6f8; --ink: #000000; --faint: #444444; --line: #cccccc; --blue: #0b66a8; --orange: #b84a00; --violet: #7a3ea8;
  --good: 38 132 205; --bad: 226 104 34; --notice: #fff4d6; color-scheme: light; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } main { max-width: none; padding: 0; } body { font-size: 12px; }
  figure, .clip, .tiles div, tr, .notice { break-inside: avoid; } h2 { break-after: avoid; } .scroll { overflow: visible; } }
`;
