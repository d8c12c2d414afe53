/** The report's style sheet: the system's own fonts, dark and light, one column on a phone, where plots and tables scroll by themselves. */
export const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #59636e; --line: #d1d9e0; --ok: #1a7f37; --bad: #b42318;
  --warn: #9a6700; --band: rgba(180, 35, 24, .14); --page: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --line: #3d444d; --ok: #3fb950;
  --bad: #ff7b72; --warn: #d29922; --band: rgba(255, 123, 114, .18); --page: #0d1117; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 62rem;
  margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; } h3 { font-size: 1rem; margin-top: 1.6rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
.verdict { font-weight: 600; overflow-wrap: anywhere; } .ok { color: var(--ok); } .bad { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .6rem; }
.tile { border: 1px solid var(--line); border-left-width: 5px; border-left-style: solid; border-radius: 6px; padding: .6rem; display: flex; flex-direction: column; color: var(--ink); }
.tile.ok { border-left-color: var(--ok); } .tile.bad { border-left: 5px double var(--bad); }
.tile b { font-size: 1.35rem; } .tile span { color: var(--dim); } .tile em { font-style: normal; font-weight: 600; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
pre { overflow-x: auto; border: 1px solid var(--line); padding: .6rem; } svg { width: 100%; min-width: 42rem; height: auto; display: block; }
svg text { fill: var(--dim); font: 12px system-ui, sans-serif; } tspan { stroke: none; } .axis { stroke: var(--line); } .band { fill: var(--band); }
.taken { stroke: var(--ok); } .refused { stroke: var(--warn); } .failed { stroke: var(--bad); } .read { stroke: var(--dim); }
.mark { stroke: var(--ink); stroke-dasharray: 4 3; } .bar { fill: var(--dim); } .bar.failed { fill: var(--bad); stroke: none; }
`;
