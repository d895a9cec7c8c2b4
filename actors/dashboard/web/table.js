// A table whose rows are updated in place.

import { element, KeyedChildren, setText } from "./dom.js";

/// `columns`: [{title, hint?, className?, cell(td, row)} or {…, text(row)}]; `keyOf(row)` is unique among the rows.
export class Table {
  constructor(columns, keyOf) {
    this.node = element("table");
    const head = this.node.createTHead().insertRow();
    for (const column of columns) {
      const title = element("th", column.className, column.title);
      title.scope = "col";
      if (column.hint) title.title = column.hint;
      head.append(title);
    }
    this.rows = new KeyedChildren(this.node.createTBody(), keyOf, () => makeRow(columns));
  }

  update(rows) {
    this.rows.update(rows);
  }
}

function makeRow(columns) {
  const node = element("tr");
  const cells = columns.map((column) => {
    const cell = element("td", column.className);
    node.append(cell);
    return cell;
  });
  return {
    node,
    update(row) {
      columns.forEach((column, index) => {
        if (column.cell) column.cell(cells[index], row);
        else setText(cells[index], String(column.text(row) ?? ""));
      });
    },
  };
}

/// The one child that a cell keeps, made on first use.
export function only(cell, make) {
  if (!cell.firstChild) cell.append(make());
  return cell.firstChild;
}
