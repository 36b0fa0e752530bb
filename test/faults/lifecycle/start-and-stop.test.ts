import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { type RuntimeOptions, TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { FORMS } from "../../support/services/answer-writer.js";
import { useService } from "../../support/services/use-service.js";
import { assertPrompt } from "../../support/speed.js";
import { pause } from "../../support/waiting.js";

describe("Stop of Node-RED", () => {
  const service = useService();

  for (const api of FORMS) {
    it(`R07: ends within two seconds after SIGTERM while a hundred streams run in the form ${api}`, async () => {
      service().script = (reply) => void reply.send("half");
      const child = spawn(
        process.execPath,
        [
          "--import=tsx",
          join(__dirname, "../../support/runtime/runtime-child.ts"),
          service().url,
          "100",
          api,
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      const [output] = (await once(child.stdout, "data")) as [Buffer];
      assert.equal(output.toString(), "streaming\n");
      assert.equal(service().openStreams, 100);
      child.kill("SIGTERM");
      const [code] = (await assertPrompt(2_000, () => once(child, "exit"))) as [number];
      assert.equal(code, 0);
      await Promise.all(service().requests.map(({ gone }) => gone));
    });
  }
});

for (const api of FORMS) {
  describe(`Node-RED with runtimeSyncDelivery and a service in the form ${api}`, () => {
    const service = useService();
    const runtime = useRuntime({ settings: { runtimeSyncDelivery: true } });

    it("R17: completes a stream if a node behind it throws", async () => {
      service().script = (reply) => reply.say("a", "b", "c");
      await runtime().deploy(createAskFlow(service().url, {}, { api }));
      runtime().reactions.set("out", () => {
        throw new Error("downstream");
      });
      runtime().inject("ask", { payload: "Hi" });
      const [last] = await runtime().waitForEnds("out");
      assert.equal(last!.finishReason, "stop");
      assert.equal(joinPayloads(runtime().getMessages("out")), "abc");
      assert.equal(last!.parts!.count, 4);
    });

    it("R17: ends a stream once if a node cancels it while it handles one of its messages", async () => {
      service().script = (reply) => void reply.send("a", "b", "c", "d");
      await runtime().deploy(createAskFlow(service().url, {}, { api }));
      runtime().reactions.set("out", (message: Message) => {
        if (message.payload === "b") runtime().inject("ask", { cancel: true, parts: message.parts! });
      });
      runtime().inject("ask", { payload: "Hi" });
      const [last] = await runtime().waitForEnds("out");
      assert.equal(last!.finishReason, "cancelled");
      await pause();
      assert.equal(joinPayloads(runtime().getMessages("out")).slice(0, 2), "ab");
      assert.equal(last!.parts!.count, runtime().getMessages("out").length);
    });

    it("R17: starts another stream if a node asks again while it handles the last message", async () => {
      await runtime().deploy(createAskFlow(service().url, { whenBusy: "wait" }, { api }));
      runtime().reactions.set("out", (message: Message) => {
        if (message.complete && runtime().getMessages("out").length < 7)
          runtime().inject("ask", { payload: "Again" });
      });
      runtime().inject("ask", { payload: "Hi" });
      const lasts = await runtime().waitForEnds("out", 3);
      assert.ok(lasts.every(({ finishReason }) => finishReason === "stop"));
      await runtime().waitUntil("completed", (messages) => messages.length === 3);
    });
  });
}

describe("Start of Node-RED", () => {
  const service = useService();
  let runtime: TestRuntime | undefined;
  afterEach(async () => {
    await runtime?.stop();
    runtime = undefined;
    await pause(5);
  });
  guardEachTest();

  async function start(options: RuntimeOptions): Promise<TestRuntime> {
    runtime = await TestRuntime.start(options);
    return runtime;
  }

  /** Asserts that a flow answers a question. */
  async function assertWorks(started: TestRuntime): Promise<void> {
    await started.deploy(createAskFlow(service().url));
    started.inject("ask", { payload: "Hi" });
    const [last] = await started.waitForEnds("out");
    assert.equal(last!.finishReason, "stop");
  }

  it("R22: loads all nodes but one if another package has a node of the same type", async () => {
    const started = await start({
      files: {
        "collect.js":
          "module.exports = (RED) => { RED.nodes.registerType('collect', function (config) { RED.nodes.createNode(this, config); }); };",
        "collect.html": '<script type="text/html" data-template-name="collect"></script>',
      },
    });
    const sets = started.red.nodes.getNodeList();
    const [refused, ...more] = sets.filter(({ err }) => err !== undefined);
    assert.equal(more.length, 0);
    assert.match(refused!.id, /\/collect$/);
    assert.match(String(refused!.err), /already registered/);
    for (const type of ["chat-provider", "chat-stream"]) {
      const [set] = sets.filter(({ types }) => types.includes(type));
      assert.equal(set!.err, undefined);
    }
    await assertWorks(started);
  });

  it("R23: works without an admin API", async () => {
    await assertWorks(await start({ settings: { httpAdminRoot: false } }));
  });

  it("R23: works without an editor", async () => {
    const started = await start({ settings: { disableEditor: true } });
    await assertWorks(started);
    assert.equal((await fetch(`${started.url}/chat-provider/providers`)).status, 200);
  });
});
