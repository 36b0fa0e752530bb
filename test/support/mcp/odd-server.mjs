// An MCP server with one fault, for the fault matrix: node odd-server.mjs FAULT [FILE]. It notes in the file what it gets.
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [, , fault, file] = process.argv;
const note = (text) => file && appendFileSync(file, `${text}\n`);
const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const say = (text) => ({ content: [{ type: "text", text }] });
const tool = (name, inputSchema = { type: "object" }) => ({ name, description: name, inputSchema });
let hasChanged = false;

note(`started ${process.pid}`);
if (fault === "stubborn") {
  process.on("SIGTERM", () => note("SIGTERM"));
  setInterval(() => {}, 1000);
}
if (fault === "stray") process.stdout.write('Hello!\n{"half":\n[1,2]\nnull\n{"jsonrpc":"1.0"}\n');
if (fault === "loud") for (let at = 0; at < 5000; at++) process.stderr.write(`noise ${at}\n`);
if (fault === "unending") process.stdout.write("x".repeat(17 * 1024 * 1024));

function list(cursor = "0") {
  if (fault === "endless") return { tools: [tool(`t${cursor}`)], nextCursor: String(Number(cursor) + 1) };
  if (fault === "schemas")
    return {
      tools: [
        tool("bad", { type: "object", properties: { a: { type: "no-type" } } }),
        tool("deep", JSON.parse(`${'{"type":"object","properties":{"a":'.repeat(200)}{}${"}}".repeat(200)}`)),
        tool("work"),
        tool("work"),
      ],
    };
  return { tools: [tool("work"), ...(hasChanged ? [tool("more")] : [])] };
}

function call(id, token) {
  note("call");
  if (fault === "dies") process.exit(3);
  if (fault === "silent") return;
  if (fault === "flood")
    for (let progress = 1; progress <= 20_000; progress++)
      write({ method: "notifications/progress", params: { progressToken: token, progress, total: 20_000 } });
  if (fault === "changes") {
    hasChanged = true;
    write({ method: "notifications/tools/list_changed" });
  }
  if (fault === "huge") write({ id, result: say("y".repeat(1_000_000)) });
  else if (fault === "shapeless") write({ id, result: { content: "nothing", isError: "perhaps" } });
  else write({ id, result: say("done") });
  if (fault === "double") for (let at = 0; at < 3; at++) write({ id, result: say("again") });
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params = {} } = JSON.parse(line);
  if (method === "notifications/cancelled") note("cancelled");
  if (id === undefined || fault === "mute") return;
  if (method === "initialize")
    write({
      id,
      result: {
        protocolVersion: "2025-11-25",
        capabilities: { tools: { listChanged: true } },
        serverInfo: { name: "odd", version: "1" },
      },
    });
  else if (method === "tools/list") write({ id, result: list(params.cursor) });
  else if (method === "tools/call") call(id, params._meta?.progressToken);
  else write({ id, error: { code: -32601, message: "Method not found" } });
});
