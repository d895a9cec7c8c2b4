#pragma once
// The report's looks: light and dark, narrow and wide, screen and paper.

namespace troupe::experiment {

inline constexpr const char* report_style = R"css(
:root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--rule:#e1e4ea;--text:#1c2230;--soft:#5b6475;
--good:#0a7a4b;--bad:#b3261e;--warn:#8a5a00;--c0:#667085;--c1:#0068a8;--c2:#c2500a;--c3:#00835f;--c4:#b0508a;--c5:#8c6d0a;--c6:#2a8fc7;--c7:#7a5195}
@media (prefers-color-scheme:dark){:root{--back:#11141a;--card:#191d26;--rule:#2c3240;--text:#e6e9ef;--soft:#98a1b3;
--good:#63d7a2;--bad:#ff9a92;--warn:#f0bf5f;--c0:#98a1b3;--c1:#5ab0ee;--c2:#ff9350;--c3:#45cf9f;--c4:#e59ac4;--c5:#dcb64c;--c6:#8fd0ff;--c7:#b893d6}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1160px;margin:0 auto;padding:2rem 1.2rem 4rem}
h1{font-size:1.5rem;margin:0 0 .2rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2.2rem 0 .6rem}
h3{font-size:.95rem;margin:0 0 .3rem}
p{margin:.3rem 0 .6rem;overflow-wrap:anywhere}
.soft,figcaption,dt{color:var(--soft)}
.verdict{padding:1rem 1.2rem;border-radius:8px;background:var(--card);border:1px solid var(--rule);border-left:5px solid var(--soft);font-size:1.1rem}
.verdict.good{border-left-color:var(--good)}.verdict.bad{border-left-color:var(--bad)}.verdict.warn{border-left-color:var(--warn)}
.state{display:inline-block;margin-left:.5rem;padding:.05rem .6rem;border-radius:99px;border:1px solid currentColor;font-size:.8rem;font-weight:600;vertical-align:middle}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.verdict p{color:var(--text)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.6rem 1.2rem;margin:1rem 0}
dl div{min-width:0}dt{font-size:.82rem}dd{margin:0;overflow-wrap:anywhere}
.card{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:.9rem 1.1rem;margin:0 0 .8rem;break-inside:avoid}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--rule);border-radius:8px;margin:0 0 .8rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.45rem .7rem;font-variant-numeric:tabular-nums}
th{color:var(--soft);font-size:.82rem;font-weight:600;white-space:nowrap}
td.n,th.n{text-align:right;white-space:nowrap}
tbody tr{border-top:1px solid var(--rule);break-inside:avoid}
td small{display:block;color:var(--soft)}td.wide{min-width:11rem}
.light{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.5em;background:var(--soft)}
.light.good{background:var(--good)}.light.bad{background:var(--bad)}
ul.plain{list-style:none;margin:0;padding:0}ul.plain li{padding:.15rem 0}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:0 0 .3rem;padding:0;list-style:none;font-size:.88rem}
.swatch{display:inline-block;width:1em;height:.28em;border-radius:2px;margin-right:.4em;vertical-align:middle}
.grid2{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),1fr));gap:.8rem}
.grid2 .card{margin:0}
svg.chart{display:block;width:100%;height:auto}
svg.bar{display:block;width:180px;height:20px}
.grid{stroke:var(--rule);fill:none}.zero{stroke:var(--soft);fill:none}
.tick{fill:var(--soft);font-size:11px}.end{text-anchor:end}.middle{text-anchor:middle}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.dashed{stroke-dasharray:5 4}
.dot{fill:none;stroke-width:6;stroke-linecap:round}
.band{opacity:.16}
.bar .reach{fill:none;stroke:currentColor;stroke-width:3;stroke-linecap:round}.bar circle{fill:currentColor}.bar.open{color:var(--soft)}
.bar .limit{stroke:var(--bad);stroke-dasharray:2 2;fill:none}
.stroke0{stroke:var(--c0)}.stroke1{stroke:var(--c1)}.stroke2{stroke:var(--c2)}.stroke3{stroke:var(--c3)}
.stroke4{stroke:var(--c4)}.stroke5{stroke:var(--c5)}.stroke6{stroke:var(--c6)}.stroke7{stroke:var(--c7)}
.fill0{fill:var(--c0);background:var(--c0)}.fill1{fill:var(--c1);background:var(--c1)}.fill2{fill:var(--c2);background:var(--c2)}
.fill3{fill:var(--c3);background:var(--c3)}.fill4{fill:var(--c4);background:var(--c4)}.fill5{fill:var(--c5);background:var(--c5)}
.fill6{fill:var(--c6);background:var(--c6)}.fill7{fill:var(--c7);background:var(--c7)}
code{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.92em;overflow-wrap:anywhere}
footer{margin-top:2.5rem;color:var(--soft);font-size:.85rem}
@media print{:root{color-scheme:light;--back:#fff}main{max-width:none;padding:0}body{font-size:11pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
h2{break-after:avoid}.scroll{overflow:visible}table{font-size:8.5pt}th,td{padding:.25rem .35rem}td.wide{min-width:0}svg.bar{width:110px;height:12px}
.grid2{grid-template-columns:1fr 1fr}}
@page{margin:12mm}
)css";

}  // namespace troupe::experiment
