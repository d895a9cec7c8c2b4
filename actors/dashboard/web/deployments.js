// A card for each deployment, with its replicas.

import { element, KeyedChildren, setClass, setState, setText } from "./dom.js";
import { bytes, count, plural } from "./format.js";
import { replicasTable } from "./tables.js";

export function deploymentCards(parent) {
  return new KeyedChildren(parent, (deployment) => deployment.name, makeCard);
}

function stateOf(deployment) {
  if (deployment.ready >= deployment.replicas) return "ready";
  if (deployment.running.some((replica) => replica.state === "failed")) return "failed";
  return deployment.ready > 0 ? "degraded" : "pending";
}

function makeCard() {
  const node = element("article", "card");
  const head = element("header");
  const name = element("h3");
  const state = element("span");
  const facts = element("span", "facts");
  head.append(name, state, facts);
  const reason = element("p", "problem");
  const replicas = replicasTable();
  const scroll = element("div", "scroll");
  scroll.append(replicas.node);
  node.append(head, reason, scroll);

  return {
    node,
    update(deployment) {
      setText(name, deployment.name);
      setState(state, stateOf(deployment));
      setText(facts, factsOf(deployment));
      setText(reason, deployment.reason ?? "");
      reason.hidden = !deployment.reason;
      replicas.update(deployment.running);
      scroll.hidden = deployment.running.length === 0;
      setClass(node, deployment.ready >= deployment.replicas ? "card" : "card attention");
    },
  };
}

function factsOf(deployment) {
  const each = deployment.resources ?? {};
  const needs = [`${each.cpus} CPU`, bytes(each.memory_bytes)];
  if (each.gpus > 0) needs.push(plural(each.gpus, "GPU"));
  return [
    deployment.model,
    `${count(deployment.ready)} of ${plural(deployment.replicas, "replica")} ready`,
    `weight ${deployment.weight}`,
    `${needs.join(", ")} each`,
  ].join(" · ");
}
