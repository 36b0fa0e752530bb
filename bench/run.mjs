/**
 * Runs the benchmark: `node bench/run.mjs [--quick] [--only=plain-loop,core] [--scenario=burst,paced]`;
 * the scenarios are burst, paced, heap, flat, chain, saved and arguments.
 *
 * Each client has a process of its own, because in a shared one it would pay for its neighbour's garbage and for
 * call sites that the neighbour made polymorphic. The clients take short turns, A B C … A B C …, while the others'
 * processes sleep: the machine's speed drifts by more than the differences looked for, so a ratio is only taken
 * between turns that lie less than a second (where streams are paced: some seconds) apart, and the tables have the median of those ratios. After some turns all
 * the processes are replaced (a *generation*), because the compiler and the heap settle differently from process
 * to process, and nobody should keep one lucky draw for the whole run.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { startClient, startServer } from "./processes.mjs";
import { report } from "./report.mjs";
import { SATURATED } from "./statistics.mjs";

const NODES = ["node-red-trivial", "node-red-chat-stream"];
const LIBRARIES = [
  "undici-drain",
  "plain-loop",
  "core",
  "core-iterated",
  "openai",
  "openai-completion",
  "ai-sdk",
];
/** Where more of the paced records than this were written over 5 ms late, the turn is not counted. */
const DISTURBED = 0.1;

const PEERS = ["openai", "openai-completion", "ai-sdk"];
const CHAIN = ["node-red-chat-stream", "node-red-hop", "node-red-retry", "node-red-delta-buffer"];
const PACED = ["undici-drain", "plain-loop", "core", ...NODES, "openai"];
const HEAP = ["undici-drain", "plain-loop", "core", "node-red-chat-stream"];
const FLAT = ["plain-loop", "core", ...NODES];

/**
 * A plan: in each turn each part is done by all clients in turn, in `generations` sets of processes. Turns below 0
 * warm up: the plain loop needs some 100,000 chunks. What is in `every`, a part or a client, is left out of all but
 * one turn in so many: it is far from every target, or slow, and the time is better spent on the close races.
 */
function plans(quick) {
  const burstOf = (kind) => ({ name: kind, scenario: "burst", options: { count: 20_000, kind } });
  const pacedOf = (windowMs, more) => [
    { scenario: "paced", options: { streams: 500, settleMs: 700, windowMs, ...more } },
  ];
  const first = { name: "first", scenario: "first", options: { answers: 25 } };
  // What the other records cost is a question to the package alone.
  const others = [burstOf("padded"), burstOf("varied")].map((part) => ({ ...part, without: PEERS }));
  const parts = [burstOf("frame"), burstOf("16k"), ...others, first];
  const burst = { name: "burst", clients: [...LIBRARIES, ...NODES], parts };
  const paced = { name: "paced", clients: PACED };
  const heap = {
    name: "heap",
    clients: HEAP,
    parts: [{ scenario: "heap", options: { streams: 1000 } }],
    alone: true,
  };
  const flatParts = [{ scenario: "flat", options: { short: 10_000, long: 200_000 } }];
  const flat = { name: "flat", clients: FLAT, parts: flatParts };
  const chain = { name: "chain", clients: CHAIN, parts: [burstOf("frame")] };
  const savedParts = [{ scenario: "saved", options: { chunks: 300, perSecond: 100 } }];
  const saved = { name: "saved", clients: ["node-red-delta-buffer"], parts: savedParts, generations: 1 };
  const callParts = [
    { scenario: "toolArguments", options: { short: 25_000, long: 100_000, longest: 400_000 } },
  ];
  const calls = {
    name: "arguments",
    clients: ["plain-loop", "core", ...PEERS, "langchain"],
    parts: callParts,
  };
  if (quick) {
    const clients = burst.clients.filter(
      (client) => client !== "core-iterated" && client !== "openai-completion",
    );
    return [
      {
        ...burst,
        clients,
        generations: 1,
        warmups: 2,
        turns: 2,
        every: { padded: 2, varied: 2, "ai-sdk": 2 },
      },
      { ...paced, parts: pacedOf(1000), generations: 1 },
      { ...heap, generations: 1 },
      { ...flat, clients: ["core", "node-red-chat-stream"], generations: 1, warmups: 1 },
      { ...chain, generations: 1, warmups: 2, turns: 3 },
      { ...saved, turns: 1 },
      { ...calls, generations: 1, warmups: 1, turns: 1 },
    ];
  }
  const seldom = { padded: 4, varied: 4, first: 2, "undici-drain": 3, "core-iterated": 3, openai: 3 };
  return [
    {
      ...burst,
      generations: 4,
      warmups: 3,
      turns: 12,
      every: { ...seldom, "openai-completion": 12, "ai-sdk": 12 },
    },
    {
      ...paced,
      parts: pacedOf(1500),
      generations: 2,
      warmups: 1,
      turns: 4,
      every: { "undici-drain": 4, openai: 4 },
    },
    // Saturated, it takes half a minute for one turn, and may be so far behind that it never gets to report.
    { ...paced, clients: ["ai-sdk"], parts: pacedOf(1500, { saturationMs: 45_000 }), generations: 1 },
    { ...heap, generations: 1 },
    { ...flat, generations: 2, warmups: 1, turns: 3 },
    { ...chain, generations: 4, warmups: 3, turns: 12 },
    { ...saved, turns: 5 },
    { ...calls, generations: 2, warmups: 3, turns: 4, every: { "ai-sdk": 4, langchain: 4 } },
  ];
}

/** All turns of one plan: for each client a sparse list with its values by turn. */
async function carryOut(plan, clients, server) {
  const { name, parts, generations, warmups = 0, turns = 1, every = {}, alone = false } = plan;
  const results = Object.fromEntries(clients.map((client) => [client, { turns: [] }]));
  const running = new Map();

  async function job(client, { scenario, options }, serial, warming) {
    const result = results[client];
    if (!running.has(client)) running.set(client, startClient(client, server.baseUrl));
    const [start, before] = [performance.now(), await server.usage()];
    const answer = await running.get(client).run(scenario, { ...options, warming });
    if (answer.value === undefined) {
      Object.assign(result, answer);
      process.stderr.write(`${name}, ${client}: ${answer.skipped ?? answer.failed}\n`);
    } else if (!warming) {
      const after = await server.usage();
      const late = (after.late - before.late) / Math.max(1, after.phases - before.phases);
      const serverCpuPercent = ((after.cpuMs - before.cpuMs) / (performance.now() - start)) * 100;
      // A server without time writes in bunches, and a client that reads bunches has been given another task.
      if (late > DISTURBED) result.disturbed = (result.disturbed ?? 0) + 1;
      else result.turns[serial] = { ...result.turns[serial], ...answer.value, serverCpuPercent };
    }
    if (alone || answer.value === undefined || answer.value.keptUp < SATURATED) {
      await running.get(client).stop();
      running.delete(client);
    }
  }

  for (let generation = 0; generation < generations; generation += 1) {
    for (let turn = -warmups; turn < turns; turn += 1) {
      const serial = generation * turns + turn;
      // Of the warming turns the last is for all.
      const sitsOut = (who) => who in every && (turn < 0 ? turn < -1 : serial % every[who] !== 0);
      for (const part of parts) {
        if (sitsOut(part.name)) continue;
        for (const client of clients) {
          const isOut = results[client].skipped ?? results[client].failed ?? part.without?.includes(client);
          if (!isOut && !sitsOut(client)) await job(client, part, serial, turn < 0);
        }
      }
      const seconds = Math.round((performance.now() - started) / 1000);
      process.stderr.write(
        `${seconds} s: ${name}, generation ${generation + 1}/${generations}, turn ${turn + 1}/${turns}\n`,
      );
    }
    for (const client of running.values()) await client.stop();
    running.clear();
  }
  return results;
}

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    scenario: { type: "string" },
  },
});
const chosen = (list, name) => list === undefined || list.split(",").includes(name);

const [load] = loadavg();
const started = performance.now();
const server = await startServer();
const scenarios = {};
for (const plan of plans(flags.quick)) {
  if (!chosen(flags.scenario, plan.name)) continue;
  const clients = plan.clients.filter((client) => chosen(flags.only, client));
  const results = await carryOut(plan, clients, server);
  scenarios[plan.name] ??= { options: plan.parts[0].options, clients: {} };
  Object.assign(scenarios[plan.name].clients, results);
}
server.stop();

const run = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}`,
  load,
  quick: flags.quick,
  seconds: Math.round((performance.now() - started) / 1000),
  scenarios,
};
const { markdown, targets } = report(run);
const output = new URL("../build/", import.meta.url);
mkdirSync(output, { recursive: true });
writeFileSync(new URL("bench.md", output), markdown);
writeFileSync(new URL("bench.json", output), `${JSON.stringify({ ...run, targets }, null, 2)}\n`);
process.stdout.write(markdown);

// A wrong text or a client that broke is a failure of the bench; a slow one is not.
const failed = Object.values(scenarios).some(({ clients }) =>
  Object.values(clients).some((client) => client.failed),
);
process.exitCode = failed ? 1 : 0;
