import assert from "node:assert/strict";
import { createAskFlow } from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { VENICE_KEY, VeniceService } from "../../support/services/venice-service.js";

describe("The test button of a chat-provider", () => {
  const service = useService();
  const runtime = useRuntime();

  async function call(method: string, part: string): Promise<Record<string, unknown>> {
    const url = `${runtime().url}/chat-provider/provider/${part}`;
    return (await fetch(url, { method, headers: { connection: "close" } })).json() as Promise<
      Record<string, unknown>
    >;
  }

  async function veniceFlow(apiKey = VENICE_KEY): Promise<VeniceService> {
    const venice = new VeniceService(service());
    await runtime().deploy(createAskFlow(venice.url, {}, { provider: "venice" }), "full", {
      provider: { apiKey },
    });
    return venice;
  }

  it("shows the number of models, one or more", async () => {
    for (const [ids, message] of [
      [["a"], "Connected: 1 model"],
      [["a", "b"], "Connected: 2 models"],
      [[], "Connected, but no models are listed"],
    ] as const) {
      service().script = (reply) => reply.sendJson(200, { data: ids.map((id) => ({ id })) });
      await runtime().deploy(createAskFlow(service().url));
      assert.deepEqual(await call("POST", "test"), { ok: true, message });
    }
  });

  it("shows the balance if the service tells it", async () => {
    await veniceFlow();
    assert.equal((await call("POST", "test"))["message"], "Connected: 3 models · Balance: 3.2 USD, 10 DIEM");
  });

  it("succeeds if the key may not read the balance", async () => {
    const venice = await veniceFlow();
    venice.hasBalanceAccess = false;
    assert.deepEqual(await call("POST", "test"), { ok: true, message: "Connected: 3 models" });
  });

  it("fails with a wrong key even if the list of models is public", async () => {
    const key = "a-wrong-key-0123456789";
    const venice = await veniceFlow(key);
    venice.hasPublicList = true;
    const answer = await call("POST", "test");
    assert.deepEqual([answer["ok"], answer["code"]], [false, "authentication"]);
    assert.doesNotMatch(JSON.stringify(answer), new RegExp(key));
    const openRouter = { provider: "openrouter" };
    service().script = (reply, { path }) =>
      path.endsWith("/models")
        ? reply.sendJson(200, { data: [{ id: "a" }] })
        : reply.sendJson(401, { error: { message: "User not found.", code: 401 } });
    await runtime().deploy(createAskFlow(service().url, {}, openRouter), "full", {
      provider: { apiKey: key },
    });
    assert.equal((await call("POST", "test"))["code"], "authentication");
  });

  it("says that a gateway has no list of models, but may chat all the same", async () => {
    service().script = (reply) => reply.sendJson(404, { detail: "Not Found" });
    await runtime().deploy(createAskFlow(service().url));
    const answer = await call("POST", "test");
    assert.deepEqual([answer["ok"], answer["code"]], [false, "not_found"]);
    assert.match(String(answer["message"]), /gives no list of models \(404\)\. Chat may still work/);
    assert.doesNotMatch(String(answer["message"]), /model's name/);
  });

  it("lists what the models can do if the service tells it", async () => {
    await veniceFlow();
    assert.deepEqual(await call("GET", "models"), {
      models: ["venice-m", "old-m", "plain-m"],
      capabilities: { "venice-m": ["vision", "tools"], "old-m": ["offline", "deprecated"] },
      ends: {},
    });
  });

  it("names a setting that is missing or wrong, and sends nothing", async () => {
    await runtime().deploy(
      createAskFlow(service().url, {}, { provider: "venice", settings: { enable_web_search: "always" } }),
      "full",
      {
        provider: { apiKey: VENICE_KEY },
      },
    );
    const answer = await call("POST", "test");
    assert.deepEqual([answer["ok"], answer["code"]], [false, "configuration"]);
    assert.match(String(answer["message"]), /enable_web_search of Venice must be one of auto, on, off/);
    assert.equal(service().requests.length, 0);
  });
});
