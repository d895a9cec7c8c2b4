// What each factor of an experiment's variants does, and what two do together: a table.

import { plain } from "./charts.js";
import { element, KeyedChildren, setText } from "./dom.js";
import { intervalText, shown } from "./format.js";
import { Table } from "./table.js";

/// `update(told)` takes the answer of …/effects, or null where the variants have no factors.
export function makeEffects() {
  const node = element("section");
  const sentences = element("ul", "sentences");
  const scroll = element("div", "scroll");
  const table = effectsTable();
  const lines = new KeyedChildren(sentences, (line) => line, makeLine);

  scroll.append(table.node);
  node.append(element("h4", "", "Factors"), sentences, scroll);
  node.hidden = true;
  return {
    node,
    update(told) {
      node.hidden = told === null;
      if (told === null) return;
      lines.update(told.not_told.map(({ metric, reason }) => `${metric} has no effects here: ${reason}`));
      table.update(told.effects);
    },
  };
}

function makeLine() {
  const node = element("li");
  return { node, update: (line) => setText(node, line) };
}

/// "prompt: long against short", or of two "prompt: long × temperature: high".
function nameOf({ levels, against }) {
  const moves = Object.entries(levels);
  const names = moves.map(([factor, level]) => `${factor}: ${level}`).join(" × ");
  return moves.length === 1 ? `${names} against ${against[moves[0][0]]}` : names;
}

const signed = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${plain(Math.abs(value))}`;

function effectsTable() {
  return new Table([
    { title: "Metric", className: "name", text: (row) => row.metric },
    { title: "Effect", text: nameOf },
    { title: "Units", className: "number", text: (row) => shown(row.units, plain) },
    { title: "Difference", className: "number", hint: "Evenly over the other factors' levels",
      text: (row) => shown(row.difference, signed) },
    { title: "Interval", className: "number", hint: "Holds at any time, for all effects together",
      text: (row) => intervalText(row.interval, signed) || row.reason || "–" },
    { title: "Sure", text: (row) => (row.sure ? "yes" : "no") },
  ], (row) => JSON.stringify([row.metric, row.levels]));
}
