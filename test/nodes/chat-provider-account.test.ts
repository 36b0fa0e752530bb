import assert from "node:assert/strict";
import { askFlow } from "../support/flows.js";
import { useService } from "../support/service.js";
import { useRuntime } from "../support/use-runtime.js";
import { VENICE_KEY, VeniceService } from "../support/venice-service.js";

describe("What a chat-provider tells in its dialog", () => {
  const service = useService();
  const runtime = useRuntime();

  async function call(method: string, part: string): Promise<Record<string, unknown>> {
    const url = `${runtime().url}/chat-provider/provider/${part}`;
    return (await fetch(url, { method, headers: { connection: "close" } })).json() as Promise<
      Record<string, unknown>
    >;
  }

  async function veniceFlow(): Promise<VeniceService> {
    const venice = new VeniceService(service());
    await runtime().deploy(askFlow(venice.url, {}, { provider: "venice" }), "full", {
      provider: { apiKey: VENICE_KEY },
    });
    return venice;
  }

  it("is how many models there are, one or more", async () => {
    for (const [ids, message] of [
      [["a"], "works: 1 model"],
      [["a", "b"], "works: 2 models"],
      [[], "works: 0 models"],
    ] as const) {
      service().script = (reply) => reply.json(200, { data: ids.map((id) => ({ id })) });
      await runtime().deploy(askFlow(service().url));
      assert.deepEqual(await call("POST", "test"), { ok: true, message });
    }
  });

  it("is what is left to spend, where the service tells", async () => {
    await veniceFlow();
    assert.equal((await call("POST", "test"))["message"], "works: 3 models · Balance: 3.2 USD, 10 DIEM");
  });

  it("is no failure where the key may not ask for what is left", async () => {
    const venice = await veniceFlow();
    venice.tellsBalance = false;
    assert.deepEqual(await call("POST", "test"), { ok: true, message: "works: 3 models" });
  });

  it("is what the models can do, where the service tells", async () => {
    await veniceFlow();
    assert.deepEqual(await call("GET", "models"), {
      models: ["venice-m", "old-m", "plain-m"],
      capabilities: { "venice-m": ["vision", "tools"], "old-m": ["offline", "deprecated"] },
    });
  });

  it("is a setting that is missing or wrong, by its name, and nothing is asked", async () => {
    await runtime().deploy(
      askFlow(service().url, {}, { provider: "venice", settings: { enable_web_search: "always" } }),
      "full",
      {
        provider: { apiKey: VENICE_KEY },
      },
    );
    const told = await call("POST", "test");
    assert.deepEqual([told["ok"], told["code"]], [false, "configuration"]);
    assert.match(String(told["message"]), /enable_web_search of Venice is to be one of auto, on, off/);
    assert.equal(service().requests.length, 0);
  });
});
