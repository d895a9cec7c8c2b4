// Charts as SVG elements. Colours are classes, so that they follow light and dark.

import { element, setText } from "./dom.js";

const space = "http://www.w3.org/2000/svg";
const width = 440;
const height = 190;
const left = 62;
const right = width - 20;
const top = 8;
const bottom = height - 24;
const colours = 8;
const ticksWanted = 5;
const densityPoints = 120;
const barHalf = 4;  // Of what stands for a band of a single value.

function shape(name, className, attributes, text = "") {
  const made = document.createElementNS(space, name);
  if (className) made.setAttribute("class", className);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

export const percent = (value, digits = 1) => `${(value * 100).toFixed(Math.abs(value) >= 1 ? 0 : digits)} %`;
export const change = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${percent(Math.abs(value))}`;
export const plain = (value) => value.toLocaleString("en", { maximumSignificantDigits: 4 });

/// "start", "30 s", "5 min", "2 h", "3 d".
function clock(seconds) {
  if (seconds === 0) return "start";
  for (const [unit, each] of [["d", 86400], ["h", 3600], ["min", 60]])
    if (seconds >= 2 * each || (seconds >= each && seconds % each === 0)) return `${plain(seconds / each)} ${unit}`;
  return `${plain(seconds)} s`;
}

function clockStep(seconds) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000];
  return steps.find((step) => seconds / step <= ticksWanted + 1) ?? Math.ceil(seconds / ticksWanted);
}

export function ticksBetween(low, high, count) {
  if (!(high > low)) return [];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const part = rough / power;
  const step = power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
  const ticks = [];
  for (let index = Math.ceil(low / step); index * step <= high; ++index) ticks.push(index * step + 0);
  return ticks;
}

/// Pixels of values; what is outside of the frame is at its edge.
function frameOf(x, y) {
  const share = (value, [low, high]) => (value - low) / (high - low);
  return {
    x: (value) => (left + share(value, x) * (right - left)).toFixed(1),
    y: (value) => (bottom - Math.min(1, Math.max(0, share(value, y))) * (bottom - top)).toFixed(1),
  };
}

/// All values, and the bands of the later three quarters: early ones would hide everything. Null without values.
function rangeOf(lines) {
  const values = [0];
  let hasValues = false;
  for (const { y, low, high } of lines) {
    const known = y.map((_, i) => i).filter((i) => low && low[i] !== null && high[i] !== null);
    for (const i of known.slice(Math.floor(known.length / 4))) values.push(low[i], high[i]);
    y.forEach((value, i) => {
      if (value === null) return;
      hasValues = true;
      if (known.length === 0 || i >= y.length / 4) values.push(value);
    });
  }
  if (!hasValues) return null;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = high > low ? (high - low) * 0.06 : 0.01;
  return [low === 0 ? 0 : low - room, high + room];
}

/// Indices of values that follow one another without a gap.
function runsOf(y) {
  const runs = [[]];
  y.forEach((value, i) => (value === null ? runs.push([]) : runs.at(-1).push(i)));
  return runs.filter((run) => run.length > 0);
}

/// Closed paths, one for each run; of a single value a bar. Null sides reach the edge.
function bandPaths(frame, x, { y, low, high }) {
  const at = (i, value, beside = 0) => `${Number(frame.x(x[i])) + beside} ${frame.y(value)}`;
  const above = (i, beside) => at(i, high[i] ?? Infinity, beside);
  const below = (i, beside) => at(i, low[i] ?? -Infinity, beside);
  return runsOf(y).map((run) => {
    const corners = run.length > 1
      ? [...run.map((i) => above(i)), ...run.map((i) => below(i)).reverse()]
      : [above(run[0], -barHalf), above(run[0], barHalf), below(run[0], barHalf), below(run[0], -barHalf)];
    return `M${corners.join("L")}Z`;
  });
}

function linePath(frame, x, y) {
  return runsOf(y).map((run) => `M${run.map((i) => `${frame.x(x[i])} ${frame.y(y[i])}`).join("L")}`).join("");
}

/// Values between two gaps, of which a line shows nothing: paths of no length with round ends.
function dotPath(frame, x, y) {
  return runsOf(y).filter((run) => run.length === 1).map(([i]) => `M${frame.x(x[i])} ${frame.y(y[i])}h0`).join("");
}

function stroke(colour) {
  return `line stroke${colour % colours}${colour >= colours ? " dashed" : ""}`;
}

/// `lines`: [{colour, y, low?, high?}], each array as long as `x` (seconds since the start), null where nothing is known.
function timeShapes(x, lines, show) {
  const range = rangeOf(lines);
  if (!range) return null;
  const seconds = Math.max(x.at(-1), 1e-3);
  const frame = frameOf([0, seconds], range);
  const shapes = [];
  for (const tick of ticksBetween(...range, ticksWanted)) {
    shapes.push(shape("path", tick === 0 ? "zero" : "grid", { d: `M${left} ${frame.y(tick)}H${right}` }));
    shapes.push(shape("text", "tick end", { x: left - 6, y: Number(frame.y(tick)) + 4 }, show(tick)));
  }
  const step = clockStep(seconds);
  for (let at = 0; at <= seconds; at += step)
    shapes.push(shape("text", "tick middle", { x: frame.x(at), y: height - 6 }, clock(at)));
  for (const line of lines) {
    if (!line.low) continue;
    for (const d of bandPaths(frame, x, line)) shapes.push(shape("path", `band fill${line.colour % colours}`, { d }));
  }
  for (const line of lines) {
    shapes.push(shape("path", stroke(line.colour), { d: linePath(frame, x, line.y) }));
    shapes.push(shape("path", `dot stroke${line.colour % colours}`, { d: dotPath(frame, x, line.y) }));
  }
  return shapes;
}

/// Of Beta(a, b), at `x`, of area 1.
function density({ a, b }, x) {
  const logs = x.map((value) => {
    const inside = Math.min(1 - 1e-12, Math.max(1e-12, value));
    return (a - 1) * Math.log(inside) + (b - 1) * Math.log1p(-inside);
  });
  const highest = Math.max(...logs);
  const heights = logs.map((one) => Math.exp(one - highest));
  const area = heights.reduce((sum, one) => sum + one, 0) * (x.at(-1) - x[0]) / (x.length - 1);
  return heights.map((one) => one / area);
}

/// `rates`: [{colour, a, b}].
function densityShapes(rates) {
  if (rates.length === 0) return null;
  const ends = rates.map(({ a, b }) => {
    const mean = a / (a + b);
    const deviation = Math.sqrt(mean * (1 - mean) / (a + b + 1));
    return [Math.max(0, mean - 5 * deviation), Math.min(1, mean + 5 * deviation)];
  });
  const low = Math.min(...ends.map((end) => end[0]));
  const high = Math.max(...ends.map((end) => end[1]));
  const x = Array.from({ length: densityPoints }, (_, i) => low + (high - low) * i / (densityPoints - 1));
  const heights = rates.map((rate) => density(rate, x));
  const frame = frameOf([low, high], [0, Math.max(...heights.flat()) * 1.05]);
  const shapes = [shape("path", "zero", { d: `M${left} ${bottom}H${right}` })];
  for (const tick of ticksBetween(low, high, ticksWanted + 1))
    shapes.push(shape("text", "tick middle", { x: frame.x(tick), y: height - 6 }, percent(tick)));
  rates.forEach(({ colour }, i) => {
    const line = linePath(frame, x, heights[i]);
    const area = `${line}L${frame.x(high)} ${bottom}L${frame.x(low)} ${bottom}Z`;
    shapes.push(shape("path", `band fill${colour % colours}`, { d: area }), shape("path", stroke(colour), { d: line }));
  });
  return shapes;
}

/// {node, update(data)}, where data is {title, rates} or {title, x, lines, show}; see above.
export function makeFigure() {
  const node = element("figure", "chart-card");
  const title = element("figcaption");
  const drawing = shape("svg", "chart", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const empty = element("p", "empty", "No numbers yet.");
  node.append(title, drawing, empty);
  return {
    node,
    update(data) {
      const shapes = data.rates ? densityShapes(data.rates) : timeShapes(data.x, data.lines, data.show);
      setText(title, data.title);
      drawing.setAttribute("aria-label", data.title);
      drawing.classList.toggle("gone", shapes === null);
      drawing.replaceChildren(...(shapes ?? []));
      empty.hidden = shapes !== null;
    },
  };
}
