/**
 * Measures what it costs to serve flows: `node --expose-gc bench/serving.mjs [--readers=1000] [--chunks=60] [--visits=10000]`.
 *
 * - CPU time per chunk of many concurrent readers, through `chat-in` and `chat-out` and through `http in` with
 *   `res.write`. Both flows send the same messages.
 * - What is left in memory after many clients have come and gone in the middle of their answers.
 *
 * Node-RED runs in this process; the clients are another one, so that only serving is counted.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadNodeRed, resolveBuilt } from "./packages.mjs";

const EVERY_MS = 50;
const PATHS = { "chat-in, chat-out": "/ai/v1/chat/completions", "http in, res.write": "/raw" };
const TURNS = 5;
/** Visits at once, when clients come and go. */
const LANES = 100;

if (process.send) runClients();
else await runServer();

async function runServer() {
  const { values } = parseArgs({
    options: {
      readers: { type: "string", default: "1000" },
      chunks: { type: "string", default: "60" },
      visits: { type: "string", default: "10000" },
    },
  });
  const [readers, chunks, visits] = [values.readers, values.chunks, values.visits].map(Number);
  const { port, close } = await startNodeRed(chunks);
  const clients = fork(fileURLToPath(import.meta.url));
  const ask = async (task) => {
    clients.send({ ...task, port });
    const [answer] = await once(clients, "message");
    return answer;
  };
  const costs = Object.fromEntries(Object.keys(PATHS).map((name) => [name, []]));
  for (let turn = 0; turn <= TURNS; turn++) {
    for (const [name, path] of Object.entries(PATHS)) {
      const before = process.cpuUsage();
      const ended = await ask({ path, count: readers });
      const { user, system } = process.cpuUsage(before);
      if (ended !== readers) throw new Error(`${name}: ${ended} of ${readers} answers were whole`);
      if (turn > 0) costs[name].push((user + system) / (readers * chunks));
    }
  }
  const medians = Object.entries(costs).map(([name, all]) => [name, all.sort((a, b) => a - b)[TURNS >> 1]]);
  for (const [name, micros] of medians)
    console.log(`${readers} readers, ${name}: ${micros.toFixed(1)} µs of CPU a chunk`);
  console.log(`ratio: ${(medians[0][1] / medians[1][1]).toFixed(2)}`);
  await visit(ask, visits);
  clients.kill();
  await close();
  process.exit();
}

/**
 * Has clients come and go in the middle of their answers, three times over. What is remembered of them is bounded, so the
 * heap grows at first and then no more.
 */
async function visit(ask, visits) {
  const sizes = [];
  for (const count of [LANES, visits, visits, visits]) {
    await ask({ path: PATHS["chat-in, chat-out"], count, leaves: true });
    await pause(4000);
    global.gc?.();
    sizes.push(process.memoryUsage().heapUsed / 1024 / 1024);
  }
  const row = sizes.map((size) => `${size.toFixed(1)} MB`).join(" → ");
  console.log(`${visits} clients came and left, three times: heap ${row}`);
}

async function startNodeRed(chunks) {
  const RED = loadNodeRed();
  const express = (await import("node:module")).createRequire(import.meta.resolve("node-red"))("express");
  const userDir = mkdtempSync(join(tmpdir(), "chat-stream-bench-"));
  process.on("exit", () => rmSync(userDir, { recursive: true, force: true }));
  const app = express();
  const server = createServer(app);
  RED.init(server, {
    userDir,
    nodesDir: [fileURLToPath(new URL("nodes", import.meta.url)), resolveBuilt("nodes")],
    httpAdminRoot: "/admin",
    httpNodeRoot: "/",
    credentialSecret: "bench",
    logging: { console: { level: "off", metrics: false, audit: false } },
    telemetry: { enabled: false },
    externalModules: { palette: { allowList: ["*"], denyList: ["@flowfuse/node-red-dashboard"] } },
  });
  app.use("/", RED.httpNode);
  const started = () => new Promise((resolve) => RED.events.once("flows:started", resolve));
  const first = started();
  await RED.start();
  await first;
  const second = started();
  const source = { z: "tab", type: "bench-source", chunks, everyMs: EVERY_MS };
  const flows = [
    { id: "tab", type: "tab", label: "bench" },
    { id: "endpoint", type: "chat-endpoint", path: "/ai", open: true },
    {
      id: "in",
      z: "tab",
      type: "chat-in",
      endpoint: "endpoint",
      models: [{ name: "house" }],
      wires: [["a"]],
    },
    { ...source, id: "a", wires: [["out"]] },
    { id: "out", z: "tab", type: "chat-out", wires: [[]] },
    { id: "http", z: "tab", type: "http in", url: "/raw", method: "post", wires: [["b"]] },
    { ...source, id: "b", wires: [["writer"]] },
    { id: "writer", z: "tab", type: "bench-writer", wires: [] },
  ];
  await RED.runtime.flows.setFlows({ flows: { flows }, deploymentType: "full" });
  await second;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: server.address().port, close: () => RED.stop() };
}

function runClients() {
  process.on("message", async ({ port, path, count, leaves }) => {
    const body = JSON.stringify({
      model: "house",
      stream: true,
      messages: [{ role: "user", content: "Hi" }],
    });
    const request = `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
    const read = () =>
      new Promise((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.write(request));
        let tail = "";
        socket.setEncoding("latin1");
        socket.on("data", (text) => {
          tail = (tail + text).slice(-64);
          if (leaves && text.includes("words")) socket.destroy();
        });
        socket.on("error", () => {});
        socket.on("close", () => resolve(tail.includes("[DONE]") ? 1 : 0));
      });
    let ended = 0;
    if (!leaves) {
      const all = await Promise.all(Array.from({ length: count }, read));
      ended = all.reduce((sum, one) => sum + one, 0);
    } else {
      let left = count;
      const lane = async () => {
        while (left-- > 0) await read();
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    }
    process.send(ended);
  });
}
