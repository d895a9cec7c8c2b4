// Actors under their supervisors.

/// The rows in the order of a walk through the tree, each with its `depth` and the `label` that is left of its path under
/// its parent. With `matches` only those that match, and what is above them.
export function actorTree(actors, matches = () => true) {
  const keyOf = (actor) => `${actor.node} ${actor.path}`;
  const parentOf = (actor) => `${actor.node} ${actor.parent}`;
  const known = new Map(actors.map((actor) => [keyOf(actor), actor]));
  const wanted = new Set();
  for (const actor of actors.filter(matches)) {
    for (let one = actor; one && !wanted.has(keyOf(one)); one = known.get(parentOf(one))) wanted.add(keyOf(one));
  }
  const children = new Map();
  for (const actor of actors) {
    const parent = known.has(parentOf(actor)) ? parentOf(actor) : "";
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(actor);
  }
  const rows = [];
  const walk = (parent, depth) => {
    const below = children.get(parent) ?? [];
    children.delete(parent);
    for (const actor of below) {
      if (!wanted.has(keyOf(actor))) continue;
      const isBelow = depth > 0 && actor.path.startsWith(`${actor.parent}/`);
      rows.push({ ...actor, depth, label: isBelow ? actor.path.slice(actor.parent.length + 1) : actor.path });
      walk(keyOf(actor), depth + 1);
    }
  };
  walk("", 0);
  return rows;
}
