// What each factor of an experiment's variants does, and what two do together: a table.

import { plain } from "./charts.js";
import { intervalText, shown } from "./format.js";
import { makeSection } from "./section.js";
import { Table } from "./table.js";

/// Of the answer of …/effects.
export function makeEffects() {
  return makeSection("Factors", effectsTable(), sentencesOf, (told) => told.effects);
}

function sentencesOf(told) {
  return told.not_told.map(({ metric, reason }) => `${metric} has no effects here: ${reason}`);
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
