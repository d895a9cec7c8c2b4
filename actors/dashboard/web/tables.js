// What the tables of nodes, models, replicas and actors show.

import { addressNode, element, setClass, setState, setText } from "./dom.js";
import { ago, bytes, count, duration, microseconds } from "./format.js";
import { only, Table } from "./table.js";

const stateColumn = {
  title: "State",
  cell: (cell, row) => setState(only(cell, () => element("span")), row.state),
};

/// Used of total, with a bar.
function usage(title, key, show) {
  return {
    title,
    className: "usage",
    hint: "Taken by replicas, of what the node offers",
    cell(cell, node) {
      const used = Number(node.used?.[key] ?? 0);
      const total = Number(node.resources?.[key] ?? 0);
      if (!cell.firstChild) cell.append(element("span"), element("progress"));
      const [text, bar] = cell.children;
      setText(text, total > 0 || used > 0 ? `${show(used)} / ${show(total)}` : "–");
      bar.hidden = total <= 0;
      bar.max = total > 0 ? total : 1;
      bar.value = Math.min(used, bar.max);
      setClass(bar, used > total ? "over" : "");
    },
  };
}

function problemColumn(title, key) {
  return {
    title,
    className: "problem",
    cell(cell, row) {
      setText(cell, row[key] ?? "");
      cell.title = row[key] ?? "";
    },
  };
}

const cpus = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 });

export function nodesTable() {
  return new Table([
    { title: "Name", className: "name", text: (node) => node.name },
    stateColumn,
    { title: "Roles", text: (node) => (node.roles ?? []).join(", ") },
    usage("CPUs", "cpus", cpus),
    usage("Memory", "memory_bytes", bytes),
    usage("GPUs", "gpus", count),
    { title: "Replicas", className: "number", text: (node) => count(node.replicas) },
    { title: "Addresses", className: "addresses", cell: showAddresses },
    { title: "Seen", className: "number", hint: "Since its last heartbeat",
      text: (node) => (node.last_seen_ms < 2000 ? "now" : `${duration(node.last_seen_ms)} ago`) },
    { title: "Process", text: (node) => `${node.version ?? ""} · pid ${node.pid}` },
  ], (node) => node.id);
}

function showAddresses(cell, node) {
  const addresses = Object.entries(node.addresses ?? {}).filter(([, address]) => address);
  const shown = JSON.stringify(addresses);
  if (cell.dataset.shown === shown) return;
  cell.dataset.shown = shown;
  cell.replaceChildren(...addresses.map(([label, address]) => addressNode(label, address)));
}

export function modelsTable() {
  return new Table([
    { title: "Model", className: "name", text: (model) => `${model.name}@${model.version}` },
    { title: "Size", className: "number", text: (model) => bytes(model.bytes) },
    { title: "Files", className: "number", text: (model) => count(model.files) },
    { title: "Stored", text: (model) => ago(model.created) },
    { title: "From", className: "path", text: (model) => model.source },
    { title: "Served by", text: (model) => model.deployment || "–" },
  ], (model) => `${model.name}@${model.version}`);
}

export function replicasTable() {
  return new Table([
    { title: "Replica", className: "id", text: (replica) => replica.id },
    { title: "Node", text: (replica) => replica.node },
    stateColumn,
    { title: "Requests", className: "number", hint: "Answered since it is ready", text: (r) => count(r.requests) },
    { title: "Waiting", className: "number", text: (replica) => count(replica.waiting) },
    { title: "Running", className: "number", text: (replica) => count(replica.running) },
    { title: "Restarts", className: "number", text: (replica) => count(replica.restarts) },
    problemColumn("Reason", "reason"),
  ], (replica) => replica.id);
}

/// Of rows that handle messages.
const handled = (show) => (actor) => (actor.kind === "supervisor" ? "" : show(actor));
const measured = (show) => (actor) => (actor.kind === "actor" ? show(actor) : "");

export function actorsTable() {
  return new Table([
    { title: "Actor", className: "path", hint: "Under its supervisor",
      cell(cell, actor) {
        setText(cell, actor.label);
        setClass(cell, `path depth-${Math.min(actor.depth, 5)}`);
        cell.title = actor.path;
      } },
    { title: "Node", text: (actor) => actor.node },
    stateColumn,
    { title: "Queue", className: "number", hint: "Messages that wait; of a back end, requests inside",
      text: handled((actor) => count(actor.queue_depth)) },
    { title: "Handled", className: "number", text: handled((actor) => count(actor.handled)) },
    { title: "p50", className: "number", hint: "Time to handle a message: half take at most this",
      text: measured((actor) => microseconds(actor.handling_us_p50)) },
    { title: "p99", className: "number", hint: "Time to handle a message: 99 % take at most this",
      text: measured((actor) => microseconds(actor.handling_us_p99)) },
    { title: "Restarts", className: "number", text: (actor) => count(actor.restarts) },
    { title: "Process", hint: "Of a back end, and how long ago it showed that it gets on",
      text: (actor) => (actor.pid ? `pid ${actor.pid} · ${duration(actor.progress_age_ms ?? 0)} ago` : "") },
    { title: "Since", className: "number", hint: "In its state since", text: (actor) => ago(actor.since) },
    problemColumn("Last error", "last_error"),
  ], (actor) => `${actor.node} ${actor.path}`);
}
