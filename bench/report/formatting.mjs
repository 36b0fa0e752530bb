/** How the tables write clients, numbers and rows. */

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

export function formatClient(client) {
  return LABELS[client] ?? client;
}

/** Formats a number with its unit, a missing number as a dash. */
export function formatNumber(number, digits = 2, unit = "") {
  return number === undefined ? "–" : number.toFixed(digits) + unit;
}

/** Formats a count with separators: 20,000. */
export function formatCount(count) {
  return count.toLocaleString("en-US");
}

/** Formats a table in Markdown. Its first column is text, the others are numbers. */
export function formatTable(head, rows) {
  const formatRow = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, index) => (index === 0 ? "---" : "---:"));
  return [formatRow(head), formatRow(rule), ...rows.map(formatRow)].join("\n");
}
