// Puts the page together: data from the poller into tiles, cards and tables.

import { actorTree } from "./actor_tree.js";
import { deploymentCards } from "./deployments.js";
import { element, setState, setText } from "./dom.js";
import { experimentCards } from "./experiments.js";
import { count, duration } from "./format.js";
import { Poller } from "./poller.js";
import { actorsTable, modelsTable, nodesTable } from "./tables.js";

const actorsShownMax = 500;
const staleAfterMs = 3000;

const find = (selector) => document.querySelector(selector);
const section = (id) => ({
  count: find(`#${id} .count`),
  empty: find(`#${id} .empty`),
});

const tiles = new Map();
const cards = deploymentCards(find("#deployments .cards"));
const experiments = experimentCards(find("#experiments .cards"));
const nodes = nodesTable();
const models = modelsTable();
const actors = actorsTable();
const filter = find("#filter");
let known = { status: null, actors: [] };

find("#nodes .scroll").append(nodes.node);
find("#models .scroll").append(models.node);
find("#actors .scroll").append(actors.node);

function showTile(name, text) {
  if (!tiles.has(name)) {
    const value = element("dd");
    const tile = element("div");
    tile.append(element("dt", "", name), value);
    find("#tiles").append(tile);
    tiles.set(name, value);
  }
  setText(tiles.get(name), text);
}

function showTiles(status) {
  const replicas = status.deployments.flatMap((deployment) => deployment.running);
  const sum = (key) => count(replicas.reduce((total, replica) => total + replica[key], 0));
  showTile("Nodes alive", `${count(status.nodes_alive)} of ${count(status.nodes.length)}`);
  showTile("Replicas ready", `${count(status.replicas_ready)} of ${count(status.replicas_wished)}`);
  showTile("Requests answered", sum("requests"));
  showTile("Waiting", sum("waiting"));
  showTile("Running", sum("running"));
  showTile("Epoch", String(status.epoch));
}

function showRows(id, view, rows, total = rows.length) {
  const { count: label, empty } = section(id);
  setText(label, rows.length === total ? count(total) : `${count(rows.length)} of ${count(total)}`);
  if (empty) empty.hidden = rows.length > 0;
  view.update(rows);
}

function showActors() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = actorTree(known.actors, (actor) => {
    const text = `${actor.path} ${actor.node} ${actor.state} ${actor.last_error}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  showRows("actors", actors, matching.slice(0, actorsShownMax), known.actors.length);
  find("#actors .scroll").hidden = matching.length === 0;
}

function showData(data) {
  known = data;
  const { status } = data;
  setText(find("#cluster"), status.cluster);
  setState(find("#health"), status.healthy ? "healthy" : "degraded");
  document.title = `${status.healthy ? "" : "⚠ "}${status.cluster} – Troupe`;
  showTiles(status);
  showRows("deployments", cards, status.deployments);
  showRows("experiments", experiments, data.experiments);
  showRows("nodes", nodes, status.nodes);
  showRows("models", models, status.models);
  find("#models .scroll").hidden = status.models.length === 0;
  showActors();
}

function showConnection(poller) {
  const age = poller.ageMs();
  const isStale = age !== null && age > staleAfterMs;
  setText(find("#age"), age === null ? "" : age < 1500 ? "live" : `${duration(age)} old`);
  find("#content").hidden = age === null;
  find("#content").classList.toggle("stale", isStale);
  find("#key-form").hidden = !poller.needsKey;
  find("#key-wrong").hidden = !poller.hasKey();
  if (poller.needsKey) setState(find("#health"), "locked");

  const trouble = find("#trouble");
  trouble.hidden = poller.trouble === null || poller.needsKey;
  if (trouble.hidden) return;
  setState(find("#health"), poller.trouble.status ? "unavailable" : "unreachable");
  const old = age === null ? "Nothing has been received yet." : `What is shown here is ${duration(age)} old.`;
  setText(trouble, `${explain(poller.trouble)} ${old} Trying again each second.`);
}

function explain(problem) {
  if (problem.status) return `The head gave no data: ${problem.message}.`;
  if (problem.name === "TimeoutError") return "The head does not answer in time.";
  return "The head cannot be reached: it has stopped, or the connection to it is cut.";
}

const poller = new Poller(showData, showConnection);
filter.addEventListener("input", showActors);
find("#key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  poller.useKey(find("#key").value.trim());
});
// Ages go on while a request hangs.
setInterval(() => {
  if (!document.hidden) showConnection(poller);
}, 500);
poller.start();
