// Small helpers over the document. Data becomes text nodes only; what did not change is not touched.

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setClass(node, className) {
  if (node.className !== className) node.className = className;
}

/// Makes the children of `parent` those of `items`, in their order. `create()` gives `{node, update(item)}`; a child
/// lives as long as its key does, so selections and scrolling survive.
export class KeyedChildren {
  constructor(parent, keyOf, create) {
    this.parent = parent;
    this.keyOf = keyOf;
    this.create = create;
    this.children = new Map();
  }

  update(items) {
    const byKey = new Map(items.map((item) => [this.keyOf(item), item]));
    for (const [key, child] of this.children) {
      if (byKey.has(key)) continue;
      child.node.remove();
      this.children.delete(key);
    }
    let next = this.parent.firstChild;
    for (const [key, item] of byKey) {
      if (!this.children.has(key)) this.children.set(key, this.create());
      const child = this.children.get(key);
      child.update(item);
      if (child.node === next) {
        next = next.nextSibling;
      } else {
        this.parent.insertBefore(child.node, next);
      }
    }
  }
}

/// A pill whose colour says whether the state is good.
export function setState(node, state) {
  setText(node, state.replaceAll("_", " "));
  setClass(node, `pill ${tones[state] ?? "quiet"}`);
}

const tones = {
  alive: "good", ready: "good", running: "good", healthy: "good",
  decided: "good",
  pending: "busy", loading: "busy", warming: "busy", draining: "busy", starting: "busy",
  suspect: "warn", backing_off: "warn", restarting: "warn", degraded: "warn", inconclusive: "warn",
  down: "bad", failed: "bad", unreachable: "bad", unavailable: "bad", invalid: "bad",
};

/// A link where `address` is one a browser can open, else its text.
export function addressNode(label, address) {
  if (/^https?:\/\//.test(address)) {
    const link = element("a", "address", label);
    link.href = address;
    link.title = address;
    link.rel = "noreferrer";
    return link;
  }
  const span = element("span", "address", label);
  span.title = address;
  return span;
}
