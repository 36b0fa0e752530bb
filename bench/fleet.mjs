/**
 * Measures a fleet behind mosquitto, which must be on the `PATH`: `node bench/fleet.mjs [--answers=96] [--streams=200]`.
 *
 * - Tokens a second with one, two and three workers. Each takes 8 answers at once, of 50 tokens at 50 tokens a second, so
 *   the workers are the limit and not the processor.
 * - Time for 72 answers of three workers, one of them six times slower, beside the time if each worked all the while.
 * - CPU time at the front for each token, over the broker and with a chat-stream on the service itself.
 *
 * Front, workers, broker and service are a process each. All texts are checked.
 */
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildExpectedText } from "./corpus.mjs";
import { startNodeRed } from "./node-red.mjs";
import { startServer } from "./processes.mjs";

const TOKENS = 50;
const TOKENS_PER_SECOND = 50;
const MODEL = `rate:${TOKENS}:${TOKENS_PER_SECOND}`;
const CALLS_PER_WORKER = 8;
const MAX_WORKERS = 3;
const TURNS = 5;
/** How much slower the slow worker is. */
const SLOWNESS = 6;
const SHARED_ANSWERS = 72;

const [role, ...settings] = process.argv.slice(2);
if (role === "worker") await runWorker(...settings);
else if (role === "front") await runFront(...settings);
else await measureFleet();

async function measureFleet() {
  const { values } = parseArgs({
    options: { answers: { type: "string", default: "96" }, streams: { type: "string", default: "200" } },
  });
  const [answers, streams] = [values.answers, values.streams].map(Number);
  const service = await startServer();
  const broker = await startBroker();
  const front = await startProcess("front", broker.port, service.baseUrl);
  const direct = await startProcess("front", "", service.baseUrl);
  const workers = [];
  const rates = [];
  while (workers.length < MAX_WORKERS) {
    workers.push(await startProcess("worker", broker.port, service.baseUrl, CALLS_PER_WORKER));
    await front.ask({ count: CALLS_PER_WORKER * workers.length });
    const { ms } = await front.ask({ count: answers });
    rates.push((answers * TOKENS * 1000) / ms);
    const ideal = rates[0] * workers.length;
    console.log(
      `${workers.length} workers: ${rates.at(-1).toFixed(0)} tokens a second, ${(rates.at(-1) / ideal).toFixed(2)} of linear`,
    );
  }
  workers.pop().stop();
  const slowModel = `rate:${TOKENS}:${TOKENS_PER_SECOND / SLOWNESS}`;
  workers.push(await startProcess("worker", broker.port, service.baseUrl, CALLS_PER_WORKER, slowModel));
  const { ms } = await front.ask({ count: SHARED_ANSWERS });
  const answersPerMs = (CALLS_PER_WORKER * (2 + 1 / SLOWNESS) * TOKENS_PER_SECOND) / TOKENS / 1000;
  const idealMs = SHARED_ANSWERS / answersPerMs;
  console.log(`one of 3 workers ${SLOWNESS} times slower: ${(ms / idealMs).toFixed(2)} of the ideal time`);
  for (const worker of workers) worker.stop();
  // One worker without a limit of its own: only the front counts here.
  const worker = await startProcess("worker", broker.port, service.baseUrl, streams);
  const ways = { "over the broker": front, directly: direct };
  const costs = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  for (let turn = 0; turn <= TURNS; turn++) {
    for (const [way, { ask }] of Object.entries(ways)) {
      const { cpuMicros } = await ask({ count: streams });
      if (turn > 0) costs[way].push(cpuMicros / (streams * TOKENS));
    }
  }
  const medians = Object.entries(costs).map(([way, all]) => [way, all.sort((a, b) => a - b)[TURNS >> 1]]);
  for (const [way, micros] of medians)
    console.log(`${streams} streams, ${way}: ${micros.toFixed(1)} µs of the front's CPU a token`);
  console.log(`ratio: ${(medians[0][1] / medians[1][1]).toFixed(2)}`);
  for (const each of [worker, front, direct, broker, service]) each.stop();
  process.exit();
}

async function startBroker() {
  const folder = mkdtempSync(join(tmpdir(), "fleet-bench-"));
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  const config = join(folder, "mosquitto.conf");
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const child = spawn("mosquitto", ["-c", config], { stdio: "ignore" });
  process.on("exit", () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await pause(500);
  return { port, stop: () => child.kill() };
}

/** Starts this file as another process, and waits until it can answer. */
async function startProcess(...args) {
  const child = fork(fileURLToPath(import.meta.url), args.map(String), { execArgv: [] });
  await once(child, "message");
  // The first questions wait until front and worker have joined the broker.
  await pause(1000);
  const ask = async (task) => {
    child.send(task);
    const [answer] = await once(child, "message");
    if (answer.failed) throw new Error(answer.failed);
    return answer;
  };
  return { ask, stop: () => child.kill() };
}

async function runWorker(port, baseUrl, maxCalls, model = MODEL) {
  await startNodeRed(
    [
      createBrokerNode(port),
      { id: "endpoint", type: "chat-endpoint", broker: "broker", topic: "bench", maxCalls: Number(maxCalls) },
      createProvider(baseUrl),
    ],
    { type: "chat-in", endpoint: "endpoint", models: [{ name: MODEL, model }] },
    [{ type: "chat-stream", provider: "provider", model: MODEL }, { type: "chat-out" }],
  );
  process.send("ready");
}

/** @param port of the broker; `""` to ask the service itself */
async function runFront(port, baseUrl) {
  const nodes =
    port === ""
      ? [createProvider(baseUrl)]
      : [
          createBrokerNode(port),
          {
            ...{
              id: "provider",
              type: "chat-provider",
              provider: "remote",
              broker: "broker",
              topic: "bench",
            },
            ...{ maxConcurrent: 2000 },
          },
        ];
  const { stream } = await startNodeRed(nodes, { type: "chat-stream", provider: "provider", model: MODEL });
  const expected = buildExpectedText(TOKENS);
  process.on("message", async ({ count }) => {
    const [startMs, before] = [performance.now(), process.cpuUsage()];
    try {
      const texts = await Promise.all(Array.from({ length: count }, () => stream(MODEL, () => {})));
      const { user, system } = process.cpuUsage(before);
      if (texts.some((text) => text !== expected)) throw new Error("a text is wrong");
      process.send({ ms: performance.now() - startMs, cpuMicros: user + system });
    } catch (error) {
      process.send({ failed: String(error) });
    }
  });
  process.send("ready");
}

function createBrokerNode(port) {
  return {
    ...{ id: "broker", type: "mqtt-broker", broker: "127.0.0.1", port, clientid: "", autoConnect: true },
    ...{ usetls: false, protocolVersion: "5", keepalive: 60, cleansession: true, autoUnsubscribe: true },
  };
}

function createProvider(baseUrl) {
  return {
    id: "provider",
    type: "chat-provider",
    provider: "custom",
    baseUrl,
    maxConcurrent: 2000,
    credentials: { apiKey: "x" },
  };
}
