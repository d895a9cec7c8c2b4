// How variants do in each part of an experiment's units: a table, and what is to be said of it.

import { change, plain } from "./charts.js";
import { intervalText, shown } from "./format.js";
import { makeSection } from "./section.js";
import { Table } from "./table.js";

/// Of the answer of …/segments.
export function makeSegments() {
  return makeSection("Segments", partsTable(), sentencesOf, rowsOf);
}

function sentencesOf(told) {
  const found = told.findings.length > 0 ? told.findings : ["No part has a difference that is sure."];
  return [...found, ...told.cautions];
}

/// A row for each metric and variant in each part.
function rowsOf(told) {
  return told.segmentations.flatMap(({ feature, parts }) => parts.flatMap((part) => part.comparisons.map((comparison) => (
    {
      ...comparison, feature, part: part.value ?? "(others)", units: unitsOf(part, comparison.variant),
      key: JSON.stringify([feature, part.value, comparison.metric, comparison.variant]),
    }))));
}

/// Of the control and of the variant.
function unitsOf(part, name) {
  const variant = part.variants.find((one) => one.name === name);
  return `${part.variants[0].units} / ${variant.units}`;
}

function changeText(row) {
  const isRelative = "relative" in row;
  const show = isRelative ? change : plain;
  const value = isRelative ? row.relative : row.difference;
  if (typeof value !== "number") return row.reason ?? "–";
  return `${show(value)} ${intervalText(isRelative ? row.relative_interval : row.interval, show)}`;
}

function partsTable() {
  return new Table([
    { title: "Feature", className: "name", text: (row) => row.feature },
    { title: "Part", text: (row) => row.part },
    { title: "Metric", text: (row) => row.metric },
    { title: "Variant", text: (row) => row.variant },
    { title: "Units", className: "number", hint: "Of the control and of the variant",
      text: (row) => row.units },
    { title: "Control", className: "number", text: (row) => shown(row.control.value, plain) },
    { title: "Variant's", className: "number", text: (row) => shown(row.treated.value, plain) },
    { title: "Change", className: "number", hint: "Relative to the control, else the difference; intervals hold for all parts together",
      text: changeText },
    { title: "Sure", text: (row) => (row.significant ? "yes" : "no") },
  ], (row) => row.key);
}
