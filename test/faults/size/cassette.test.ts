import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCassetteFlow } from "../../support/flows/cassette.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

const MIB = 1024 * 1024;
/** Records of any length. */
const LARGE = { maxRecord: 20_000 };

describe("Cassette that grows", () => {
  const service = useService();
  const runtime = useRuntime();
  const { path, deploy, ask, findWarnings } = createCassetteFlow(runtime, service);
  afterEach(() => rmSync(path(), { force: true }));

  it("S18: leaves out a stream of more than 8 MiB, which goes on, and warns once", async () => {
    service().script = (reply) => {
      reply.open();
      // Fields that this package drops: the stream is long, the answer is not.
      const noise = { choices: [], unknown_field: "x".repeat(MIB) };
      for (let at = 0; at < 9; at++)
        reply.send({ ...noise, choices: [{ index: 0, delta: { content: "a" } }] });
      reply.finish();
    };
    await deploy("record", LARGE);
    for (let times = 0; times < 2; times++) assert.equal((await ask("Hi")).finishReason, "stop");
    await runtime().deploy([]);
    assert.ok(!existsSync(path()));
    assert.equal(findWarnings().length, 1);
    assert.match(findWarnings()[0]!, /longer than 8 MiB/);
  });

  it("S18: takes nothing more when it is full, and reads no file that is larger", async () => {
    const recording = {
      recordedAt: "2026-01-01T00:00:00.000Z",
      provider: "custom",
      request: { method: "POST", path: "/v1/chat/completions", body: "x".repeat(16 * MIB - 400) },
      end: { ms: 1, kind: "end" },
      reads: [],
    };
    mkdirSync(join(runtime().userDir, "cassettes"), { recursive: true });
    writeFileSync(path(), JSON.stringify({ version: 1, recordings: [recording] }));
    const size = statSync(path()).size;
    await deploy("record", LARGE);
    assert.equal((await ask("Hi")).finishReason, "stop");
    await runtime().deploy([]);
    assert.equal(statSync(path()).size, size);
    assert.match(findWarnings()[0]!, /is full \(16 MiB\)/);
    truncateSync(path(), 17 * MIB);
    await deploy("replay", LARGE);
    assert.equal((await ask("Hi")).error.code, "limit");
  });

  it("S18: shows little of a long request that was not recorded", async () => {
    await deploy("record", LARGE);
    await ask("a".repeat(100_000));
    await deploy("replay", LARGE);
    const { message } = (await ask("b".repeat(100_000))).error;
    assert.ok(message.length < 600, `${message.length} characters`);
    assert.ok(readFileSync(path(), "utf8").length > 100_000);
  });
});
