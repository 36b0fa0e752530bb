import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RestartableRuntime, WITH_FILE_STORE } from "../../support/flows/kept.js";
import { answerByWeatherTool, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { createSlowStore, type StoreFaults } from "../../support/runtime/slow-store.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

describe("Stores of kept runs that fail", () => {
  const service = useService();
  const red = new RestartableRuntime();
  beforeEach(() => {
    service().script = answerByWeatherTool;
  });
  afterEach(() => red.end());

  const deploy = async (settings: Record<string, unknown>) => {
    const runtime = await red.start(settings);
    await runtime.deploy(createRouterFlow(service().url, { router: { keepRuns: "file" } }));
    return runtime;
  };
  const withFaults = (faults: StoreFaults) => ({
    contextStorage: {
      default: { module: "memory" },
      file: { module: createSlowStore(new Map(), faults) },
    },
  });

  it("T19 a store that never takes a write: the run ends within 10 s as configuration, and calls no tool", async () => {
    const runtime = await deploy(withFaults({ lostWrites: /runs/ }));
    runtime.inject("router", { payload: "Rome" });
    const [last] = await runtime.waitForEnds("out");
    const { code, message, partial } = last!.error as { code: string; message: string; partial: string };
    assert.deepEqual([code, partial], ["configuration", "Let me look. "]);
    assert.match(message, /^The run could not be stored within 10 s\. Check the context store/);
    assert.equal(runtime.getMessages("weather").length, 0);
  });

  it("T20 a store that cannot be read at the start: the author is told within 10 s, and new runs begin", async () => {
    const runtime = await deploy(withFaults({ lostReads: /runs/ }));
    runtime.inject("router", { payload: "Rome" });
    const isTold = () => JSON.stringify(runtime.logs).includes("The run could not be read within 10 s");
    await waitUntil(isTold, "the author is told", 30_000);
    const [call] = await runtime.waitUntil("weather", ({ length }) => length === 1);
    runtime.inject("router", { ...call, payload: "sunny" });
    await runtime.waitForEnds("out");
    assert.equal(joinPayloads(runtime.getMessages("out")), "Let me look. It is sunny.");
  });

  it("T21 runs in the store that are damaged or from another version: they stay, the author is told, and others go on", async () => {
    const runtime = await deploy(WITH_FILE_STORE);
    runtime.inject("router", { payload: "Rome" });
    const [call] = await runtime.waitUntil("weather", ({ length }) => length === 1);
    const folder = join(runtime.userDir, "context", "tab");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "router.json");
    const stored = JSON.parse(readFileSync(file, "utf8"));
    const [run] = Object.values(stored.runs) as Record<string, object>[];
    Object.assign(stored.runs, {
      old: { ...run, v: 0, key: "old" },
      text: "run",
      nothing: null,
      headless: { ...run, key: "headless", last: {} },
      odd: { ...run, key: "odd", stats: null, state: { phase: "calling", calls: [null], asked: 7 } },
    });
    writeFileSync(file, JSON.stringify(stored));
    const again = await red.restart();
    again.inject("router", { ...call, payload: "sunny" });
    await again.waitForEnds("out");
    assert.equal(joinPayloads(again.getMessages("out")), "Let me look. It is sunny.");
    assert.match(JSON.stringify(again.logs), /4 stored runs are not from this version of the node, and stay/);
    const kept = JSON.parse(readFileSync(file, "utf8")).runs as object;
    assert.ok(["old", "text", "headless"].every((key) => Object.hasOwn(kept, key)));
  });
});
