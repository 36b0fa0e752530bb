/** The figures of a run, turn by turn, and how they are written. */
import { median } from "./statistics.mjs";

const LABELS = {
  "undici-drain": "undici, bytes only (the floor)",
  "plain-loop": "**plain loop**",
  core: "**core**, callbacks",
  "core-iterated": "core, `for await`",
  openai: "`openai`, `create({ stream })`",
  "openai-completion": "`openai`, `stream()` to the completion",
  "ai-sdk": "AI SDK, `streamText`",
  "node-red-trivial": "Node-RED: trivial node, one wire",
  "node-red-chat-stream": "Node-RED: **chat-stream**, one wire",
  "node-red-hop": "chat-stream and a node that does nothing",
  "node-red-retry": "chat-stream and **retry**",
  "node-red-delta-buffer": "chat-stream and **delta-buffer**, 50 ms",
  langchain: "LangChain.js, `concat`",
};

/** How the tables call a client. */
export const labelOf = (client) => LABELS[client] ?? client;

/** The values of a field over a client's turns. */
export function values(scenario, client, field) {
  const turns = scenario?.clients[client]?.turns ?? [];
  return turns.flatMap((turn) => (typeof turn?.[field] === "number" ? [turn[field]] : []));
}

/** Their median. */
export function value(scenario, client, field) {
  return median(values(scenario, client, field));
}

/** One client's field divided by another's, turn by turn. */
export function ratios(scenario, client, base, field) {
  const ours = scenario?.clients[client]?.turns ?? [];
  const theirs = scenario?.clients[base]?.turns ?? [];
  return ours.flatMap((turn, index) => {
    const quotient = turn && theirs[index] ? turn[field] / theirs[index][field] : Number.NaN;
    return Number.isFinite(quotient) ? [quotient] : [];
  });
}

/** The median of the ratios. */
export function ratio(scenario, client, base, field) {
  return median(ratios(scenario, client, base, field));
}

/** One client's field less another's, turn by turn. */
export function differences(scenario, client, base, field) {
  const ours = scenario?.clients[client]?.turns ?? [];
  const theirs = scenario?.clients[base]?.turns ?? [];
  return ours.flatMap((turn, index) => {
    const difference = turn && theirs[index] ? turn[field] - theirs[index][field] : Number.NaN;
    return Number.isFinite(difference) ? [difference] : [];
  });
}

/** What a long answer costs by the piece divided by what a short one does, turn by turn. */
export function growths(scenario, client, long = "long") {
  const turns = scenario?.clients[client]?.turns ?? [];
  return turns.flatMap((turn) => (turn?.[long] === undefined ? [] : [turn[long] / turn.short]));
}

/** A figure with so many digits and its unit; a dash where there is none. */
export const show = (number, digits = 2, unit = "") =>
  number === undefined ? "–" : number.toFixed(digits) + unit;

/** A table in Markdown: its first column is text. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, index) => (index === 0 ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** The clients of which there is anything to tell. */
export function measured(scenario) {
  const clients = Object.entries(scenario?.clients ?? {});
  return clients.filter(([, { turns }]) => turns.length > 0).map(([client]) => client);
}
