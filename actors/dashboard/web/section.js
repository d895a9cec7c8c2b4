// A part of a card that is there where an experiment has something of its kind: a heading, sentences and a table.

import { element, KeyedChildren, setText } from "./dom.js";

/// `update(told)` takes an answer, or null where there is nothing of the kind. `sentencesOf(told)` and `rowsOf(told)` are
/// what is shown of it.
export function makeSection(title, table, sentencesOf, rowsOf) {
  const node = element("section");
  const sentences = element("ul", "sentences");
  const scroll = element("div", "scroll");
  const lines = new KeyedChildren(sentences, (line) => line, makeLine);

  scroll.append(table.node);
  node.append(element("h4", "", title), sentences, scroll);
  node.hidden = true;
  return {
    node,
    update(told) {
      node.hidden = told === null;
      if (told === null) return;
      lines.update(sentencesOf(told));
      table.update(rowsOf(told));
    },
  };
}

function makeLine() {
  const node = element("li");
  return { node, update: (line) => setText(node, line) };
}
