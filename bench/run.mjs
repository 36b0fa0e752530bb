/**
 * Runs the benchmark: `node bench/run.mjs [--quick] [--only=plain-loop,core] [--scenario=burst,paced]`.
 * The scenarios are burst, forms, paced, heap, flat, chain, saved, watched, waiting and arguments.
 *
 * Each client has a process of its own, because in a shared one it would pay for the garbage of the other clients and
 * for call sites that they made polymorphic. The clients take short turns, A B C … A B C …, while the other processes
 * sleep. The speed of the machine drifts by more than the differences looked for, so a ratio is taken only between
 * turns less than a second apart (some seconds for paced streams), and the tables show the median of the ratios.
 * After some turns, all processes are replaced (a *generation*), because the compiler and the heap settle differently
 * from process to process, and no client should keep a lucky process for the whole run.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { createPlans } from "./plans.mjs";
import { startClient, startServer } from "./processes.mjs";
import { formatReport } from "./report/markdown.mjs";
import { MIN_KEPT_UP } from "./statistics.mjs";

/** A turn does not count if the server wrote a larger share of the paced records late. */
const MAX_LATE_SHARE = 0.1;

/** Measures all turns of a plan. @returns for each client a sparse list with its figures by turn */
async function runPlan(plan, clients, server) {
  const { name, parts, generations, warmups = 0, turns = 1, every = {}, alone = false } = plan;
  const results = Object.fromEntries(clients.map((client) => [client, { turns: [] }]));
  const running = new Map();

  async function measurePart(client, { scenario, options }, serial, warming) {
    const result = results[client];
    if (!running.has(client)) running.set(client, startClient(client, server.baseUrl));
    const [startMs, before] = [performance.now(), await server.readUsage()];
    const outcome = await running.get(client).run(scenario, { ...options, warming });
    if (outcome.value === undefined) {
      Object.assign(result, outcome);
      process.stderr.write(`${name}, ${client}: ${outcome.skipped ?? outcome.failed}\n`);
    } else if (!warming) {
      const after = await server.readUsage();
      const lateShare = (after.latePhases - before.latePhases) / Math.max(1, after.phases - before.phases);
      const serverCpuPercent = ((after.cpuMs - before.cpuMs) / (performance.now() - startMs)) * 100;
      // A busy server writes several records at once, and a client that reads them so has a different task.
      if (lateShare > MAX_LATE_SHARE) result.disturbed = (result.disturbed ?? 0) + 1;
      else result.turns[serial] = { ...result.turns[serial], ...outcome.value, serverCpuPercent };
    }
    if (alone || outcome.value === undefined || outcome.value.keptUp < MIN_KEPT_UP) {
      await running.get(client).stop();
      running.delete(client);
    }
  }

  for (let generation = 0; generation < generations; generation += 1) {
    for (let turn = -warmups; turn < turns; turn += 1) {
      const serial = generation * turns + turn;
      // The last of the warm-up turns is for all parts and clients, the others only for those not in `every`.
      const isLeftOut = (part) => part in every && (turn < 0 ? turn < -1 : serial % every[part] !== 0);
      for (const part of parts) {
        if (isLeftOut(part.name)) continue;
        for (const client of clients) {
          const { skipped, failed } = results[client];
          if (skipped || failed || part.without?.includes(client) || isLeftOut(client)) continue;
          await measurePart(client, part, serial, turn < 0);
        }
      }
      const seconds = Math.round((performance.now() - runStartMs) / 1000);
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
const isChosen = (list, name) => list === undefined || list.split(",").includes(name);

const [load] = loadavg();
const runStartMs = performance.now();
const server = await startServer();
const scenarios = {};
for (const plan of createPlans(flags.quick)) {
  if (!isChosen(flags.scenario, plan.name)) continue;
  const clients = plan.clients.filter((client) => isChosen(flags.only, client));
  const results = await runPlan(plan, clients, server);
  scenarios[plan.name] ??= { options: plan.parts[0].options, clients: {} };
  for (const [client, result] of Object.entries(results)) {
    const { turns = [], ...known } = scenarios[plan.name].clients[client] ?? {};
    const count = Math.max(turns.length, result.turns.length);
    const joined = Array.from({ length: count }, (_, at) => ({ ...turns[at], ...result.turns[at] }));
    scenarios[plan.name].clients[client] = {
      ...known,
      ...result,
      turns: turns.length > 0 ? joined : result.turns,
    };
  }
}
server.stop();

const run = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}`,
  load,
  quick: flags.quick,
  seconds: Math.round((performance.now() - runStartMs) / 1000),
  scenarios,
};
const { markdown, targets } = formatReport(run);
const output = new URL("../build/", import.meta.url);
mkdirSync(output, { recursive: true });
writeFileSync(new URL("bench.md", output), markdown);
writeFileSync(new URL("bench.json", output), `${JSON.stringify({ ...run, targets }, null, 2)}\n`);
process.stdout.write(markdown);

// A wrong text or a client that broke fails the bench; a slow client does not.
const hasFailure = Object.values(scenarios).some(({ clients }) =>
  Object.values(clients).some((client) => client.failed),
);
process.exitCode = hasFailure ? 1 : 0;
