/** A real Node-RED 5 runtime in this process, without editor or log. The node under test is wired to a sink. */
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadNodeRed, resolveBuilt, UnavailableError } from "./packages.mjs";

/** The running streams by the `_msgid` of their messages. */
const streams = new Map();

/**
 * Starts the runtime with `configNodes` and the node under test, and resolves to a client: each of its streams is a
 * message sent into the node. `send` sends any other message into it.
 * @param nodesBehind the nodes between the node under test and the sink, in a row by their first outputs; their
 *   `wires` are those of their other outputs
 * @param hasAdmin whether the runtime serves the routes of its editor, at `adminUrl` of the client
 * @throws UnavailableError if Node-RED did not start one of the nodes
 */
export async function startNodeRed(configNodes, node, nodesBehind = [], { hasAdmin = false } = {}) {
  const RED = loadNodeRed();
  const userDir = mkdtempSync(join(tmpdir(), "chat-stream-bench-"));
  process.on("exit", () => rmSync(userDir, { recursive: true, force: true }));
  const nodesDir = [fileURLToPath(new URL("nodes", import.meta.url))];
  if (configNodes.length > 0 && existsSync(resolveBuilt("nodes"))) nodesDir.push(resolveBuilt("nodes"));
  // nodes/bench-sink.js looks it up.
  globalThis.benchDeliver = deliverMessage;
  const server = createServer((request, response) => RED.httpAdmin(request, response));
  RED.init(server, {
    userDir,
    nodesDir,
    httpAdminRoot: hasAdmin ? "/" : false,
    disableEditor: true,
    httpNodeRoot: false,
    credentialSecret: "bench",
    logging: { console: { level: "off", metrics: false, audit: false } },
    telemetry: { enabled: false },
    // Node-RED would also load the dashboard, which the tests need.
    externalModules: { palette: { allowList: ["*"], denyList: ["@flowfuse/node-red-dashboard"] } },
  });
  // The runtime loads its stored (empty) flows after `start()` has resolved. A deploy before that would be lost.
  const storedFlowsStarted = waitForFlowsStart(RED);
  await RED.start();
  await storedFlowsStarted;
  const flows = createFlows(configNodes, node, nodesBehind);
  const flowsStarted = waitForFlowsStart(RED);
  await RED.runtime.flows.setFlows({ flows: { flows }, deploymentType: "full" });
  await flowsStarted;
  const missing = flows.find(({ id, type }) => type !== "tab" && !RED.nodes.getNode(id));
  if (missing) throw new UnavailableError(`Node-RED did not start the ${missing.type} node`);
  const tested = RED.nodes.getNode("tested");
  const stream = (model, onText, properties = {}) =>
    new Promise((resolve, reject) => {
      const _msgid = RED.util.generateId();
      streams.set(_msgid, { text: "", onText, resolve, reject });
      tested.receive({ _msgid, payload: "Go.", model, ...properties });
    });
  const send = (message) => tested.receive({ _msgid: RED.util.generateId(), ...message });
  const client = { stream, send, close: () => RED.stop() };
  if (!hasAdmin) return client;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { ...client, adminUrl: `http://127.0.0.1:${server.address().port}` };
}

/** Creates the nodes of one tab: the node under test, the nodes behind it, and the sink. */
function createFlows(configNodes, node, nodesBehind) {
  const getTarget = (index) => (index < nodesBehind.length ? `behind-${index}` : "sink");
  return [
    { id: "tab", type: "tab", label: "bench" },
    ...configNodes,
    { id: "tested", z: "tab", wires: [[getTarget(0)]], ...node },
    ...nodesBehind.map(({ wires = [], ...properties }, index) => ({
      id: `behind-${index}`,
      z: "tab",
      ...properties,
      wires: [[getTarget(index + 1)], ...wires],
    })),
    { id: "sink", z: "tab", type: "bench-sink", wires: [] },
  ];
}

function waitForFlowsStart(RED) {
  return new Promise((resolve) => RED.events.once("flows:started", resolve));
}

/** Takes a message that reached the sink. It joins the texts as the plain loop does, so a scenario can check them. */
function deliverMessage(msg) {
  const stream = streams.get(msg._msgid);
  if (stream === undefined) throw new Error(`no stream is known for this message: ${JSON.stringify(msg)}`);
  if (msg.payload !== "") {
    stream.text += msg.payload;
    stream.onText(msg.payload);
  }
  if (msg.complete === true) {
    streams.delete(msg._msgid);
    if (msg.error) stream.reject(new Error(`${msg.error.code}: ${msg.error.message}`));
    else stream.resolve(stream.text);
  }
}
