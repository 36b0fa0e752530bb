import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCassetteFlow } from "../../support/flows/cassette.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { assertPrompt } from "../../support/speed.js";
import { pause } from "../../support/waiting.js";

describe("Cassette in trouble", () => {
  const service = useService();
  const runtime = useRuntime();
  const folder = () => join(runtime().userDir, "cassettes");
  const { path, deploy, ask, findWarnings } = createCassetteFlow(runtime, service);
  afterEach(() => rmSync(folder(), { recursive: true, force: true }));

  it("R26: takes no stream down if it cannot be written, and warns once", async () => {
    writeFileSync(folder(), "a file in the place of the folder");
    await deploy("record");
    for (let times = 0; times < 3; times++) assert.equal((await ask("Hi")).finishReason, "stop");
    await runtime().deploy([]);
    assert.equal(findWarnings().length, 1);
    assert.match(findWarnings()[0]!, /cannot be written/);
  });

  it("R26: leaves no half file if it is torn in the middle, and reads none", async () => {
    await deploy("record");
    await ask("Hi");
    await runtime().deploy([]);
    mkdirSync(`${path()}.${process.pid}.tmp`);
    await deploy("record");
    assert.equal((await ask("Something else")).finishReason, "stop");
    await runtime().deploy([]);
    assert.match(findWarnings().join(), /cannot be written/);
    await deploy("replay", { replayAtOnce: true });
    assert.equal((await ask("Hi")).finishReason, "stop");
    writeFileSync(path(), '{"version": 1, "recordings": [{"request"');
    const { code, message } = (await ask("Hi")).error;
    assert.equal(code, "configuration");
    assert.match(message, /is not JSON, or was cut off/);
  });

  it("R26: may go away and come back while it is replayed", async () => {
    await deploy("replay", { replayAtOnce: true });
    assert.equal((await ask("Hi")).error.code, "configuration");
    await deploy("record");
    await ask("Hi");
    await deploy("replay", { replayAtOnce: true });
    assert.equal((await ask("Hi")).finishReason, "stop");
    rmSync(path());
    assert.match((await ask("Hi")).error.message, /does not exist/);
    assert.equal(service().requests.length, 1);
  });

  it("R26: plays and writes nothing after a deploy", async () => {
    service().script = async (reply) => {
      await reply.sendApart("a", "b", "c");
      await pause(200);
      reply.finish();
    };
    await deploy("record");
    await ask("Hi");
    await deploy("replay");
    runtime().clearMessages();
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitUntil("out", (messages) => messages.length > 0);
    await assertPrompt(1_000, () => runtime().deploy([]));
    const count = runtime().getMessages("out").length;
    await pause(300);
    assert.equal(runtime().getMessages("out").length, count);
    chmodSync(path(), 0o600);
    assert.ok(existsSync(path()));
  });
});
