/** The performance targets of the project, and whether a run reached them. */
import { FORMS } from "../forms.mjs";
import { computeMedian, computeQuantile } from "../statistics.mjs";
import {
  collectValues,
  computeDifferences,
  computeFieldRatios,
  computeGrowths,
  computeRatios,
  findMedian,
  listMeasuredClients,
} from "./figures.mjs";
import { formatNumber, formatTable } from "./formatting.mjs";

/** How the records of a burst are framed: the name of the figure, and what people call it. */
const FRAMINGS = [
  ["frame", "a frame per chunk"],
  ["16k", "16 KiB frames"],
];

/** Compares the figures with the targets. Targets without a measurement are left out. */
export function checkTargets({
  burst,
  forms,
  paced,
  heap,
  flat,
  chain,
  saved,
  watched,
  waiting,
  arguments: calls,
}) {
  const targets = [];
  const addRange = (name, min, max, samples, unit = "×", digits = 2) => {
    if (samples.length === 0) return;
    const sorted = samples.toSorted((a, b) => a - b);
    const quartiles = [computeQuantile(sorted, 0.25), computeQuantile(sorted, 0.75)];
    const measured = computeMedian(sorted);
    targets.push({ name, measured, quartiles, unit, digits, reached: measured >= min && measured <= max });
  };
  const addMaximum = (name, max, samples, unit, digits) =>
    addRange(name, Number.NEGATIVE_INFINITY, max, samples, unit, digits);
  const addMinimum = (name, min, samples) => addRange(name, min, Number.POSITIVE_INFINITY, samples, "×", 1);

  for (const [field, framing] of FRAMINGS) {
    const toLoop = computeRatios(burst, "core", "plain-loop", field);
    addMaximum(`core ≤ 1.0× the plain loop, burst, ${framing}`, 1, toLoop);
    const openai = computeRatios(burst, "openai", "core", field);
    addMinimum(`core at least 4× cheaper than \`openai\`, ${framing}`, 4, openai);
    const aiSdk = computeRatios(burst, "ai-sdk", "core", field);
    addMinimum(`core at least 10× cheaper than the AI SDK, ${framing}`, 10, aiSdk);
    const nodes = computeRatios(burst, "node-red-chat-stream", "node-red-trivial", field);
    addMaximum(`chat-stream ≤ 1.1× the trivial node, burst, ${framing}`, 1.1, nodes);
  }
  for (const [form, { goal }] of Object.entries(FORMS)) {
    const toLoop = computeRatios(forms, "core", "plain-loop", `${form} frame`);
    addMaximum(`core ≤ ${formatNumber(goal, 1, "×")} the plain loop: ${form}`, goal, toLoop);
  }
  for (const [field, framing] of FRAMINGS) {
    const toChat = computeFieldRatios(
      forms,
      "core",
      `Responses text deltas ${field}`,
      `OpenAI, one id and padding ${field}`,
    );
    addMaximum(
      `a Responses stream ≤ 1.0× a Chat Completions stream of OpenAI, both padded, ${framing}`,
      1,
      toChat,
    );
  }
  const pacedCore = computeRatios(paced, "core", "plain-loop", "cpuPerChunk");
  addMaximum("core ≤ 0.75× the plain loop's CPU at 500 streams", 0.75, pacedCore);
  const pacedNodes = computeRatios(paced, "node-red-chat-stream", "node-red-trivial", "cpuPerChunk");
  addMaximum("chat-stream ≤ 1.0× the trivial node at 500 streams", 1, pacedNodes);
  const firstText = computeRatios(burst, "core", "plain-loop", "firstMs");
  addMaximum("core's first text ≤ 1.1× the plain loop's", 1.1, firstText);
  const firstMessage = computeRatios(burst, "node-red-chat-stream", "plain-loop", "firstMs");
  addMaximum("chat-stream's first message ≤ 1.1× the plain loop's first text", 1.1, firstMessage);
  const heaps = collectValues(heap, "core", "heapKb");
  addMaximum("core's heap per open stream ≤ 12 KiB, undici's own included", 12, heaps, " KiB", 1);
  const undiciHeap = findMedian(heap, "undici-drain", "heapKb");
  if (undiciHeap !== undefined) {
    const heapsAbove = heaps.map((value) => value - undiciHeap);
    addMaximum("core's heap per open stream ≤ 12 KiB, above undici's own", 12, heapsAbove, " KiB", 1);
  }
  addRange("core's cost per chunk flat (±20 %)", 0.8, 1.2, computeGrowths(flat, "core"));
  const nodeGrowths = computeGrowths(flat, "node-red-chat-stream");
  addRange("chat-stream's cost per chunk flat (±20 %)", 0.8, 1.2, nodeGrowths);
  const added = computeDifferences(chain, "node-red-retry", "node-red-hop", "frame");
  addMaximum("retry adds ≤ 1 µs per chunk to a node that does nothing", 1, added, " µs");
  const fewer = collectValues(saved, "node-red-delta-buffer", "fewer");
  addMinimum("delta-buffer at 50 ms makes 4× fewer messages of 100 chunks a second", 4, fewer);
  const watching = collectValues(watched, "node-red-watched", "ratio");
  addMaximum("a chunk ≤ 1.05× with the live view open, at 500 streams", 1.05, watching);
  for (const [field, what] of [
    ["turn", "`msg.cancel` of 9,500 waiting streams blocks nothing for over 100 ms"],
    ["next", "the question after it has its first text within 100 ms"],
  ])
    addMaximum(what, 100, collectValues(waiting, "node-red-waiting", field), " ms", 0);
  const bestSdk = computeRatios(calls, findBestSdk(calls), "core", "long");
  addMinimum("core at least 2× cheaper per fragment than the best SDK", 2, bestSdk);
  const callGrowths = computeGrowths(calls, "core");
  addMaximum("core's cost per fragment does not grow with the length (≤ +20 %)", 1.2, callGrowths);
  return targets;
}

/** Formats the targets with what was measured. */
export function formatTargets(targets) {
  const rows = targets.map(({ name, measured, quartiles, unit, digits, reached }) => [
    name,
    formatNumber(measured, digits, unit),
    quartiles.map((quartile) => formatNumber(quartile, digits)).join(" – "),
    reached ? "reached" : "**not reached**",
  ]);
  return formatTable(["target", "measured", "quartiles", ""], rows);
}

/** @returns the SDK with the lowest cost per fragment; `undefined` if none was measured */
function findBestSdk(calls) {
  const sdks = listMeasuredClients(calls).filter((client) => client !== "core" && client !== "plain-loop");
  const readCost = (client) => findMedian(calls, client, "long") ?? Number.POSITIVE_INFINITY;
  return sdks.toSorted((a, b) => readCost(a) - readCost(b))[0];
}
