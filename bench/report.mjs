/** From the rounds to what one reads: the tables in Markdown, and the targets, reached or not. */
import { argumentsTable, bestPeer, chainTable } from "./chain-report.mjs";
import {
  differences,
  growths,
  labelOf,
  measured,
  ratio,
  ratios,
  show,
  table,
  value,
  values,
} from "./figures.mjs";
import { median, quantile, SATURATED } from "./statistics.mjs";

/** The tables and the list of targets of a run. */
export function report(run) {
  const sections = [
    `Measured ${run.date}${run.quick ? " (quick: too few rounds to quote)" : ""}, Node ${run.node}, ${run.machine}, ` +
      `loopback, ${run.seconds} s. Medians of interleaved turns; a ratio is taken inside each turn. ` +
      "Read less than 1.2× as equal.",
    busyNote(run),
    burstTable(run.scenarios.burst),
    pacedTable(run.scenarios.paced),
    heapTable(run.scenarios.heap),
    flatTable(run.scenarios.flat),
    chainTable(run.scenarios.chain, run.scenarios.saved),
    argumentsTable(run.scenarios.arguments),
  ];
  const targets = checkTargets(run.scenarios);
  if (targets.length > 0) sections.push(targetList(targets));
  const missing = notRun(run.scenarios);
  if (missing.length > 0) sections.push(`Not measured:\n\n${missing.join("\n")}`);
  return { markdown: `${sections.filter(Boolean).join("\n\n")}\n`, targets };
}

/** A warning where others used the machine: at 500 streams above all, such figures say little. */
function busyNote({ load, scenarios }) {
  const clients = Object.values(scenarios.paced?.clients ?? {});
  const disturbed = clients.reduce((sum, client) => sum + (client.disturbed ?? 0), 0);
  if (load < 1 && disturbed === 0) return "";
  return (
    `**Not an idle machine**: load ${load.toFixed(1)} before the run; ${disturbed} turns at 500 streams are not counted, ` +
    "because the server had no time to keep the pace. Repeat it before you quote it."
  );
}

/** What a client is compared with: nodes with the trivial node, all else with the plain loop. */
function baseOf(client) {
  return client.startsWith("node-red-") ? "node-red-trivial" : "plain-loop";
}

function burstTable(scenario) {
  const clients = measured(scenario);
  if (clients.length === 0) return "";
  const withRatio = (client, field, base) => {
    const figure = value(scenario, client, field);
    return figure === undefined
      ? "–"
      : `${show(figure)} (${show(ratio(scenario, client, base, field), 2, "×")})`;
  };
  const count = scenario.options.count.toLocaleString("en-US");
  const rows = clients.map((client) => [
    labelOf(client),
    withRatio(client, "frame", baseOf(client)),
    withRatio(client, "16k", baseOf(client)),
    withRatio(client, "padded", baseOf(client)),
    withRatio(client, "varied", baseOf(client)),
    withRatio(client, "firstMs", "plain-loop"),
  ]);
  const head = [`one stream of ${count} chunks, CPU µs per chunk`, "a frame per chunk", "16 KiB frames"];
  return (
    `${table([...head, "padded records", "varied records", "first text, ms p50"], rows)}\n\n` +
    "In brackets: to the plain loop, of nodes to the trivial node (first text: all to the plain loop). Chunks of " +
    "about 240 bytes. *Padded records* carry OpenAI's `obfuscation` field, random bytes behind the text; *varied " +
    "records* have an id each, so that nothing can be reused from one to the next."
  );
}

function pacedTable(scenario) {
  const clients = measured(scenario);
  if (clients.length === 0) return "";
  const rows = clients.map((client) => {
    const keptUp = value(scenario, client, "keptUp");
    return [
      labelOf(client),
      show(value(scenario, client, "cpuPercent"), 0, " %") + (keptUp < SATURATED ? " (saturated)" : ""),
      show(value(scenario, client, "cpuPerChunk"), 1),
      show(ratio(scenario, client, baseOf(client), "cpuPerChunk"), 2, "×"),
      show(value(scenario, client, "p50Ms"), 1),
      show(value(scenario, client, "p99Ms"), 1),
    ];
  });
  const title = `${scenario.options.streams} streams of 50 tokens a second`;
  return table([title, "CPU", "µs per chunk", "ratio", "added ms, p50", "p99"], rows);
}

function heapTable(scenario) {
  const clients = measured(scenario);
  if (clients.length === 0) return "";
  const rows = clients.map((client) => {
    const heap = value(scenario, client, "heapKb");
    const floor = value(scenario, "undici-drain", "heapKb");
    const above = client === "undici-drain" || floor === undefined ? undefined : heap - floor;
    return [labelOf(client), show(heap, 1), show(above, 1), show(value(scenario, client, "buffersKb"), 1)];
  });
  const title = `${scenario.options.streams.toLocaleString("en-US")} open streams, KiB per stream`;
  return table([title, "heap", "above undici's own", "buffers outside the heap"], rows);
}

function flatTable(scenario) {
  const clients = measured(scenario);
  if (clients.length === 0) return "";
  const rows = clients.map((client) => [
    labelOf(client),
    show(value(scenario, client, "short")),
    show(value(scenario, client, "long")),
    show(median(growths(scenario, client)), 2, "×"),
  ]);
  const [short, long] = [scenario.options.short, scenario.options.long].map((count) =>
    count.toLocaleString("en-US"),
  );
  return table(
    ["length of the answer, CPU µs per chunk", `${short} chunks`, `${long} chunks`, "growth"],
    rows,
  );
}

/** The targets of the project, each with what was measured; those without a measurement are left out. */
function checkTargets({ burst, paced, heap, flat, chain, saved, arguments: calls }) {
  const targets = [];
  const add = (name, samples, low, high, unit, digits) => {
    if (samples.length === 0) return;
    const sorted = samples.toSorted((a, b) => a - b);
    const quartiles = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
    const measured = median(sorted);
    targets.push({ name, measured, quartiles, unit, digits, reached: measured >= low && measured <= high });
  };
  const most = (name, high, samples, unit = "×", digits = 2) => add(name, samples, 0, high, unit, digits);
  const least = (name, low, samples) => add(name, samples, low, Number.POSITIVE_INFINITY, "×", 1);
  for (const [field, framing] of [
    ["frame", "a frame per chunk"],
    ["16k", "16 KiB frames"],
  ]) {
    most(`core ≤ 1.0× the plain loop, burst, ${framing}`, 1, ratios(burst, "core", "plain-loop", field));
    least(`core at least 4× cheaper than \`openai\`, ${framing}`, 4, ratios(burst, "openai", "core", field));
    least(
      `core at least 10× cheaper than the AI SDK, ${framing}`,
      10,
      ratios(burst, "ai-sdk", "core", field),
    );
    const nodes = ratios(burst, "node-red-chat-stream", "node-red-trivial", field);
    most(`chat-stream ≤ 1.1× the trivial node, burst, ${framing}`, 1.1, nodes);
  }
  most(
    "core ≤ 0.8× the plain loop's CPU at 500 streams",
    0.8,
    ratios(paced, "core", "plain-loop", "cpuPerChunk"),
  );
  const pacedNodes = ratios(paced, "node-red-chat-stream", "node-red-trivial", "cpuPerChunk");
  most("chat-stream ≤ 1.1× the trivial node at 500 streams", 1.1, pacedNodes);
  most("core's first text ≤ 1.1× the plain loop's", 1.1, ratios(burst, "core", "plain-loop", "firstMs"));
  const firstMessage = ratios(burst, "node-red-chat-stream", "plain-loop", "firstMs");
  most("chat-stream's first message ≤ 1.1× the plain loop's first text", 1.1, firstMessage);
  const coreHeap = values(heap, "core", "heapKb");
  const floor = value(heap, "undici-drain", "heapKb");
  most("core's heap per open stream ≤ 12 KiB, undici's own included", 12, coreHeap, " KiB", 1);
  if (floor !== undefined) {
    most(
      "core's heap per open stream ≤ 12 KiB, undici's own taken off",
      12,
      coreHeap.map((each) => each - floor),
      " KiB",
      1,
    );
  }
  add("core's cost per chunk flat (±20 %)", growths(flat, "core"), 0.8, 1.2, "×", 2);
  add("chat-stream's cost per chunk flat (±20 %)", growths(flat, "node-red-chat-stream"), 0.8, 1.2, "×", 2);
  const added = differences(chain, "node-red-retry", "node-red-hop", "frame");
  add("retry adds ≤ 1 µs per chunk to any node's hop", added, Number.NEGATIVE_INFINITY, 1, " µs", 2);
  const fewer = values(saved, "node-red-delta-buffer", "fewer");
  least("delta-buffer at 50 ms makes 4× fewer messages of 100 chunks a second", 4, fewer);
  const best = bestPeer(calls);
  least("core at least 2× cheaper per fragment than the best SDK", 2, ratios(calls, best, "core", "long"));
  most("core's cost per fragment does not grow with the length (≤ +20 %)", 1.2, growths(calls, "core"));
  return targets;
}

function targetList(targets) {
  const rows = targets.map(({ name, measured, quartiles, unit, digits, reached }) => [
    name,
    show(measured, digits, unit),
    quartiles.map((quartile) => show(quartile, digits)).join(" – "),
    reached ? "reached" : "**not reached**",
  ]);
  return table(["target", "measured", "quartiles", ""], rows);
}

function notRun(scenarios) {
  return Object.entries(scenarios).flatMap(([name, { clients }]) =>
    Object.entries(clients).flatMap(([client, { turns, skipped, failed }]) => {
      const disturbed = turns.length === 0 ? "the machine was too busy" : undefined;
      const reason = skipped ?? failed?.split("\n")[0] ?? disturbed;
      return reason ? [`- ${name}, ${client}: ${reason}`] : [];
    }),
  );
}
