// A card for each experiment; while one is open, its analysis and history are fetched and drawn.

import { change, makeFigure, percent, plain } from "./charts.js";
import { element, KeyedChildren, setClass, setState, setText } from "./dom.js";
import { makeEffects } from "./effects.js";
import { ago, intervalText, plural, shown } from "./format.js";
import { get, getBlob, hasKey } from "./poller.js";
import { makeSegments } from "./segments.js";
import { Table } from "./table.js";

const refreshMs = 5000;
const partsMs = 60000;  // Telling of segments and factors may take the head seconds.
const colours = 8;

export function experimentCards(parent) {
  return new KeyedChildren(parent, (experiment) => experiment.name, makeCard);
}

const pathOf = (name) => `/api/v1/experiments/${encodeURIComponent(name)}`;

function makeCard() {
  const node = element("article", "card");
  const head = element("header");
  const name = element("h3");
  const state = element("span");
  const facts = element("span", "facts");
  const sentence = element("p", "sentence");
  const tools = element("p", "tools");
  const more = element("button", "quiet", "Show numbers");
  const report = element("a", "", "Report");
  const details = makeDetails();
  let shown = null;

  function showButton() {
    const isOpen = !details.node.hidden;
    const words = isOpen ? "Hide numbers" : "Show numbers";
    setText(more, words);
    more.setAttribute("aria-expanded", String(isOpen));
    more.setAttribute("aria-label", `${words} of ${shown.name}`);
  }

  more.type = "button";
  more.addEventListener("click", () => {
    details.node.hidden ? details.open(shown.name) : details.close();
    showButton();
  });
  report.target = "_blank";
  report.rel = "noreferrer";
  report.addEventListener("click", (event) => {
    if (!hasKey()) return;  // The browser fetches it by itself.
    event.preventDefault();
    download(shown.name).catch((problem) => details.complain(problem));
  });
  head.append(name, state, facts);
  tools.append(more, report);
  node.append(head, sentence, tools, details.node);

  return {
    node,
    update(experiment) {
      shown = experiment;
      const isDraft = experiment.state === "draft";
      setText(name, experiment.name);
      setState(state, experiment.state);
      setText(facts, factsOf(experiment));
      setText(sentence, experiment.sentence ?? "");
      sentence.hidden = !experiment.sentence;
      tools.hidden = isDraft;
      report.setAttribute("aria-label", `Report of ${experiment.name}`);
      report.href = `${pathOf(experiment.name)}/report`;
      setClass(node, experiment.state === "invalid" ? "card attention" : "card");
      if (isDraft) details.close();
      showButton();
    },
  };
}

function factsOf(experiment) {
  const units = experiment.variants.reduce((sum, variant) => sum + (variant.units ?? 0), 0);
  // Without a weight where each segment has its own.
  const share = (weight) => (weight === null ? "by segment" : percent(weight, 0));
  const variants = experiment.variants.map(({ name, version, weight }) => `${name} @${version} ${share(weight)}`);
  const since = experiment.ended ? `ended ${ago(experiment.ended)}` : experiment.started ? `since ${ago(experiment.started)}` : "";
  return [experiment.model, variants.join(", "), plural(units, "unit"), since].filter(Boolean).join(" · ");
}

/// With the key, which only this page has, the report comes as a file.
async function download(name) {
  const link = element("a");
  link.href = URL.createObjectURL(await getBlob(`${pathOf(name)}/report`));
  link.download = `${name}.html`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/// What is shown of an experiment that is open.
function makeDetails() {
  const node = element("div", "details");
  const trouble = element("p", "problem");
  const health = element("ul", "lights");
  const comparisons = comparisonsTable();
  const segments = makeSegments();
  const effects = makeEffects();
  const key = element("ul", "key");
  const charts = element("div", "charts");
  const scroll = element("div", "scroll");
  const lights = new KeyedChildren(health, (finding) => finding.check, makeLight);
  const names = new KeyedChildren(key, (variant) => variant.name, makeName);
  const figures = new KeyedChildren(charts, (chart) => chart.title, makeFigure);
  let open = null;
  let timer = null;
  let partsDue = 0;

  trouble.setAttribute("role", "alert");
  scroll.append(comparisons.node);
  node.append(trouble, health, scroll, effects.node, segments.node, key, charts);
  node.hidden = true;
  trouble.hidden = true;

  function complain(problem) {
    trouble.hidden = problem === null;
    setText(trouble, problem === null ? "" : `These numbers could not be had: ${problem.message}`);
  }

  async function refreshParts(name, experiment) {
    if (Date.now() < partsDue) return;
    partsDue = Date.now() + partsMs;
    const hasSegments = experiment.segmentations?.length > 0;
    const hasFactors = experiment.variants.some((variant) => variant.factors);
    const answers = await Promise.allSettled([
      hasSegments ? get(`${pathOf(name)}/segments`) : null, hasFactors ? get(`${pathOf(name)}/effects`) : null]);
    if (open !== name) return;
    [segments, effects].forEach((section, i) => answers[i].status === "fulfilled" && section.update(answers[i].value));
    const failed = answers.find((answer) => answer.status === "rejected");
    if (!failed) return;
    partsDue = 0;  // With the next refresh.
    throw failed.reason;
  }

  async function refresh() {
    const name = open;
    clearTimeout(timer);
    if (name === null) return;
    try {
      const [experiment, history] = await Promise.all([get(pathOf(name)), get(`${pathOf(name)}/history`)]);
      if (open !== name) return;
      lights.update(lightsOf(experiment.analysis));
      comparisons.update(experiment.analysis?.comparisons ?? []);
      names.update(experiment.variants.map((variant, colour) => ({ ...variant, colour })));
      figures.update(chartsOf(history, experiment.variants.map((variant) => variant.name)));
      await refreshParts(name, experiment);
      complain(null);
    } catch (problem) {
      complain(problem);
    }
    if (open === name) timer = setTimeout(() => (document.hidden ? wait() : refresh()), refreshMs);
  }

  /// Nothing is fetched for a page that nobody sees.
  function wait() {
    document.addEventListener("visibilitychange", refresh, { once: true });
  }

  return {
    node,
    complain,
    open(name) {
      open = name;
      partsDue = 0;
      node.hidden = false;
      refresh();
    },
    close() {
      open = null;
      node.hidden = true;
      clearTimeout(timer);
    },
  };
}

/// The sample ratio first.
function lightsOf(analysis) {
  const findings = analysis?.health ?? [];
  return [...findings].sort((a, b) => Number(b.check === "sample_ratio") - Number(a.check === "sample_ratio"));
}

function makeLight() {
  const node = element("li");
  const light = element("span");
  const words = element("span");
  node.append(light, words);
  return {
    node,
    update(finding) {
      setState(light, finding.healthy ? "healthy" : "invalid");
      setText(light, `${finding.check.replaceAll("_", " ")} ${finding.healthy ? "fine" : "sick"}`);
      setText(words, finding.sentence);
    },
  };
}

function makeName() {
  const node = element("li");
  const swatch = element("span");
  const words = element("span");
  node.append(swatch, words);
  return {
    node,
    update(variant) {
      setClass(swatch, `swatch fill${variant.colour % colours}`);
      setText(words, `${variant.name} (${plural(variant.units ?? 0, "unit")})`);
    },
  };
}

function comparisonsTable() {
  return new Table([
    { title: "Metric", className: "name", text: (row) => row.metric },
    { title: "Variant", text: (row) => row.variant },
    { title: "Control", className: "number", text: (row) => shown(row.control?.value, plain) },
    { title: "Variant's", className: "number", text: (row) => shown(row.treated?.value, plain) },
    { title: "Change", className: "number", hint: "Relative to the control, else the difference",
      text: (row) => ("relative" in row ? shown(row.relative, change) : shown(row.difference, plain)) },
    { title: "Interval", className: "number",
      text: (row) => ("relative" in row ? intervalText(row.relative_interval, change) : intervalText(row.interval, plain)) },
    { title: "Evidence", className: "number", hint: "p over all goals and variants, or the probability to be better",
      text: (row) => (row.belief ? `P(better) ${percent(row.belief.better)}` : `p = ${shown(row.adjusted_p, (p) => p.toPrecision(2))}`) },
    { title: "Sure", text: (row) => (row.significant ? "yes" : "no") },
    { title: "Method", text: (row) => row.method || row.reason || "" },
  ], (row) => `${row.metric} ${row.variant}`);
}

/// All charts of a history: what makeFigure() takes.
function chartsOf(history, variants) {
  const start = Date.parse(history.from);
  const x = history.times.map((time) => (Date.parse(time) - start) / 1000);
  const colourOf = (name) => variants.indexOf(name);
  const charts = [];
  for (const metric of new Set(history.comparisons.map((line) => line.metric))) {
    const lines = history.comparisons.filter((line) => line.metric === metric).map((line) => (
      { colour: colourOf(line.variant), y: line.relative, low: line.relative_low, high: line.relative_high }));
    charts.push({ title: `${metric}: change against ${variants[0]}, all units so far`, x, lines, show: change });
  }
  for (const metric of new Set(history.posteriors.map((one) => one.metric))) {
    const rates = history.posteriors.filter((one) => one.metric === metric)
      .map(({ variant, a, b }) => ({ colour: colourOf(variant), a, b }));
    charts.push({ title: `${metric}: what is believed of each rate`, rates });
  }
  const traffic = (title, show, valuesOf) => charts.push(
    { title, x, show, lines: history.traffic.map((arm) => ({ colour: colourOf(arm.variant), y: valuesOf(arm) })) });
  const seconds = (i) => x[i] - (i === 0 ? 0 : x[i - 1]);
  traffic("Requests a second", plain, (arm) => arm.requests.map((n, i) => (seconds(i) > 0 ? n / seconds(i) : null)));
  traffic("Failed requests", percent, (arm) => arm.errors.map((n, i) => (arm.requests[i] > 0 ? n / arm.requests[i] : null)));
  if (history.satisfaction_of) traffic(`${history.satisfaction_of} in each step`, plain, (arm) => arm.satisfaction);
  if (history.traffic.some((arm) => arm.latency_ms.p50.some((value) => value !== null)))
    for (const quantile of ["p50", "p95", "p99"])
      traffic(`Latency ${quantile.toUpperCase()}, ms`, plain, (arm) => arm.latency_ms[quantile]);
  return charts;
}
