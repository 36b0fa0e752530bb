/** The tables of a single stream, of many streams, and of memory. */
import { FORMS } from "../forms.mjs";
import { computeMedian, MIN_KEPT_UP } from "../statistics.mjs";
import { computeGrowths, findMedian, findMedianRatio, listMeasuredClients } from "./figures.mjs";
import { formatClient, formatCount, formatNumber, formatTable } from "./formatting.mjs";

/** @returns the client to compare with: the trivial node for nodes, the plain loop for all others */
function findBaseClient(client) {
  return client.startsWith("node-red-") ? "node-red-trivial" : "plain-loop";
}

/** Formats the cost of one stream, by framing and by kind of records, and the time to its first text. */
export function formatBurstTable(scenario) {
  const clients = listMeasuredClients(scenario);
  if (clients.length === 0) return "";
  const formatWithRatio = (client, field, base) => {
    const figure = findMedian(scenario, client, field);
    const ratio = findMedianRatio(scenario, client, base, field);
    return figure === undefined ? "–" : `${formatNumber(figure)} (${formatNumber(ratio, 2, "×")})`;
  };
  const rows = clients.map((client) => [
    formatClient(client),
    formatWithRatio(client, "frame", findBaseClient(client)),
    formatWithRatio(client, "16k", findBaseClient(client)),
    formatWithRatio(client, "padded", findBaseClient(client)),
    formatWithRatio(client, "varied", findBaseClient(client)),
    formatWithRatio(client, "firstMs", "plain-loop"),
  ]);
  const title = `one stream of ${formatCount(scenario.options.count)} chunks, CPU µs per chunk`;
  const head = [title, "a frame per chunk", "16 KiB frames"];
  return (
    `${formatTable([...head, "padded records", "varied records", "first text, ms p50"], rows)}\n\n` +
    "In brackets: the ratio to the plain loop, for nodes to the trivial node (first text: always to the plain loop). " +
    "Chunks have about 240 bytes. *Padded records* carry OpenAI's `obfuscation` field, random bytes behind the text. " +
    "*Varied records* have an id each, so that nothing can be reused from one record to the next."
  );
}

/** Formats the cost of each form of records, to the loop that one would write by hand for it. */
export function formatFormsTable(scenario) {
  if (listMeasuredClients(scenario).length === 0) return "";
  const rows = Object.entries(FORMS).map(([form, { goal }]) => {
    const ratio = (framing) => findMedianRatio(scenario, "core", "plain-loop", `${form} ${framing}`);
    return [
      form,
      formatNumber(findMedian(scenario, "plain-loop", `${form} frame`), 1),
      formatNumber(ratio("frame"), 2, "×"),
      formatNumber(ratio("16k"), 2, "×"),
      `≤ ${formatNumber(goal, 1, "×")}`,
    ];
  });
  const title = `records, one stream of ${formatCount(scenario.options.count)}`;
  return formatTable([title, "plain loop, CPU µs", "core", "core, 16 KiB frames", "goal"], rows);
}

/** Formats the cost and the latency of many streams at the pace of a model. */
export function formatPacedTable(scenario) {
  const clients = listMeasuredClients(scenario);
  if (clients.length === 0) return "";
  const rows = clients.map((client) => {
    const isSaturated = findMedian(scenario, client, "keptUp") < MIN_KEPT_UP;
    const cpu = formatNumber(findMedian(scenario, client, "cpuPercent"), 0, " %");
    return [
      formatClient(client),
      isSaturated ? `${cpu} (saturated)` : cpu,
      formatNumber(findMedian(scenario, client, "cpuPerChunk"), 1),
      formatNumber(findMedianRatio(scenario, client, findBaseClient(client), "cpuPerChunk"), 2, "×"),
      formatNumber(findMedian(scenario, client, "p50Ms"), 1),
      formatNumber(findMedian(scenario, client, "p99Ms"), 1),
    ];
  });
  const title = `${scenario.options.streams} streams of 50 tokens a second`;
  return formatTable([title, "CPU", "µs per chunk", "ratio", "added ms, p50", "p99"], rows);
}

/** Formats the memory of open streams. */
export function formatHeapTable(scenario) {
  const clients = listMeasuredClients(scenario);
  if (clients.length === 0) return "";
  const undiciHeap = findMedian(scenario, "undici-drain", "heapKb");
  const rows = clients.map((client) => {
    const heap = findMedian(scenario, client, "heapKb");
    const above = client === "undici-drain" || undiciHeap === undefined ? undefined : heap - undiciHeap;
    const buffers = findMedian(scenario, client, "buffersKb");
    return [formatClient(client), ...[heap, above, buffers].map((figure) => formatNumber(figure, 1))];
  });
  const title = `${formatCount(scenario.options.streams)} open streams, KiB per stream`;
  return formatTable([title, "heap", "above undici's own", "buffers outside the heap"], rows);
}

/** Formats how the cost of a chunk grows with the length of the answer. */
export function formatGrowthTable(scenario) {
  const clients = listMeasuredClients(scenario);
  if (clients.length === 0) return "";
  const rows = clients.map((client) => [
    formatClient(client),
    formatNumber(findMedian(scenario, client, "short")),
    formatNumber(findMedian(scenario, client, "long")),
    formatNumber(computeMedian(computeGrowths(scenario, client)), 2, "×"),
  ]);
  const lengths = [scenario.options.short, scenario.options.long].map(
    (count) => `${formatCount(count)} chunks`,
  );
  return formatTable(["length of the answer, CPU µs per chunk", ...lengths, "growth"], rows);
}
