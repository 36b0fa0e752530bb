/**
 * A real Node-RED 5 runtime in this process, without editor or log, with the node under test wired to a sink, or to
 * other nodes before it.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { built, nodeRed, Unavailable } from "./packages.mjs";

/** What the sink node reports to: set by the bench, looked up by the node's `deliver` function. */
const streams = new Map();

/**
 * Starts the runtime with `configNodes` and `node`; its streams are messages sent into `node`. `behind` are the nodes
 * between it and the sink, one behind the other by their first outputs; their `wires` are those of the other outputs.
 */
export async function boot(configNodes, node, behind = []) {
  const RED = nodeRed();
  const userDir = mkdtempSync(join(tmpdir(), "chat-stream-bench-"));
  process.on("exit", () => rmSync(userDir, { recursive: true, force: true }));
  const nodesDir = [fileURLToPath(new URL("nodes", import.meta.url))];
  if (configNodes.length > 0 && existsSync(built("nodes"))) nodesDir.push(built("nodes"));
  globalThis.benchDeliver = deliver;
  RED.init(createServer(), {
    userDir,
    nodesDir,
    httpAdminRoot: false,
    httpNodeRoot: false,
    credentialSecret: "bench",
    logging: { console: { level: "off", metrics: false, audit: false } },
    telemetry: { enabled: false },
    // What the tests have beside Node-RED, it would load as well.
    externalModules: { palette: { allowList: ["*"], denyList: ["@flowfuse/node-red-dashboard"] } },
  });
  // The runtime loads and starts its stored (empty) flows after `start()` has resolved: a deploy before that is lost.
  const idle = nextStart(RED);
  await RED.start();
  await idle;
  const flows = [
    { id: "tab", type: "tab", label: "bench" },
    ...configNodes,
    { id: "tested", z: "tab", wires: [[behind.length > 0 ? "behind-0" : "sink"]], ...node },
    ...behind.map(({ wires = [], ...each }, at) => ({
      id: `behind-${at}`,
      z: "tab",
      ...each,
      wires: [[at + 1 < behind.length ? `behind-${at + 1}` : "sink"], ...wires],
    })),
    { id: "sink", z: "tab", type: "bench-sink", wires: [] },
  ];
  const deployed = nextStart(RED);
  await RED.runtime.flows.setFlows({ flows: { flows }, deploymentType: "full" });
  await deployed;
  const tested = RED.nodes.getNode("tested");
  const missing = [node, ...behind].find(
    (_, at) => !RED.nodes.getNode(at === 0 ? "tested" : `behind-${at - 1}`),
  );
  if (missing) throw new Unavailable(`Node-RED did not start a ${missing.type} node`);
  const stream = (model, onText) =>
    new Promise((resolve, reject) => {
      const _msgid = RED.util.generateId();
      streams.set(_msgid, { text: "", onText, resolve, reject });
      tested.receive({ _msgid, payload: "Go.", model });
    });
  return { stream, close: () => RED.stop() };
}

function nextStart(RED) {
  return new Promise((resolve) => RED.events.once("flows:started", resolve));
}

/** One message in the sink. It joins the text, as the plain loop does: so every run's text is checked here too. */
function deliver(msg) {
  const stream = streams.get(msg._msgid);
  if (stream === undefined) throw new Error(`a message of no stream: ${JSON.stringify(msg)}`);
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
