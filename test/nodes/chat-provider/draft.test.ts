import assert from "node:assert/strict";
import { createAskFlow } from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

const KEY = "sk-stored-0123456789";

describe("A chat-provider as it stands in the editor", () => {
  const service = useService();
  const other = useService();
  const runtime = useRuntime();

  async function post(part: "test" | "models", body: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`${runtime().url}/chat-provider/draft/${part}`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Record<string, unknown>;
  }

  const createDraft = (config: object, credentials: object = {}, id = "new") => ({
    id,
    config: { provider: "custom", baseUrl: service().url, ...config },
    credentials,
  });

  const listModels = () => {
    for (const one of [service(), other()])
      one.script = (reply) => reply.sendJson(200, { data: [{ id: "a" }] });
  };

  it("is tested before it is deployed, with the key that was typed", async () => {
    listModels();
    const draft = createDraft({}, { apiKey: "sk-typed-0123456789" });
    assert.deepEqual(await post("test", draft), { ok: true, message: "Connected: 1 model" });
    assert.equal(service().requests[0]!.headers.authorization, "Bearer sk-typed-0123456789");
  });

  it("says which of its models end, the first one first", async () => {
    const data = [
      { id: "m-1", shutdown_date: "2031-05-01" },
      { id: "m-2" },
      { id: "m-3", shutdown_date: "2031-02-01" },
    ];
    service().script = (reply) => reply.sendJson(200, { data });
    assert.deepEqual(await post("models", createDraft({})), {
      models: ["m-1", "m-2", "m-3"],
      capabilities: {},
      ends: { "m-1": "2031-05-01", "m-3": "2031-02-01" },
    });
    const { message } = await post("test", createDraft({}));
    assert.equal(message, "Connected: 3 models · Retiring: m-3 (2031-02-01), m-1 (2031-05-01)");
  });

  it("lists its models before it is deployed", async () => {
    listModels();
    assert.deepEqual((await post("models", createDraft({})))["models"], ["a"]);
  });

  it("is tested with the stored key at the address that is deployed", async () => {
    listModels();
    await runtime().deploy(createAskFlow(service().url), "full", { provider: { apiKey: KEY } });
    const draft = createDraft({ maxConcurrent: 3 }, { apiKey: "__PWRD__" }, "provider");
    assert.equal((await post("test", draft))["ok"], true);
    assert.equal(service().requests[0]!.headers.authorization, `Bearer ${KEY}`);
  });

  it("sends a stored key to no other address, by no other way and to no other service", async () => {
    listModels();
    await runtime().deploy(createAskFlow(service().url), "full", { provider: { apiKey: KEY } });
    for (const change of [
      { baseUrl: other().url },
      { provider: "litellm" },
      { proxy: "some-proxy" },
      { allowInsecure: true },
      { settings: { deployment: "x" } },
    ]) {
      const answer = await post("test", createDraft(change, { apiKey: "__PWRD__" }, "provider"));
      assert.deepEqual([answer["ok"], answer["code"]], [false, "credentials"], JSON.stringify(change));
    }
    assert.equal(service().requests.length + other().requests.length, 0);
  });

  it("does not take the stored key of another node", async () => {
    listModels();
    await runtime().deploy(createAskFlow(service().url), "full", { provider: { apiKey: KEY } });
    await post("test", createDraft({}, { apiKey: "__PWRD__" }, "new"));
    assert.equal(service().requests[0]!.headers.authorization, undefined);
  });

  it("is refused if its id belongs to a node of another type, deployed or disabled", async () => {
    listModels();
    await runtime().deploy([
      ...createAskFlow(service().url),
      { id: "sleeping", type: "mcp-server", d: true },
    ]);
    for (const [id, type] of [
      ["ask", "chat-stream"],
      ["sleeping", "mcp-server"],
    ] as const) {
      const { ok, code, message } = await post("test", createDraft({}, {}, id));
      assert.deepEqual([ok, code], [false, "configuration"], id);
      assert.match(
        String(message),
        new RegExp(`has the type ${type} and not chat-provider\\. Reload the editor`),
      );
      const { error } = (await post("models", createDraft({}, {}, id))) as { error: { code: string } };
      assert.equal(error.code, "configuration", id);
    }
    assert.equal(service().requests.length, 0);
  });

  it("is refused as a form, which a stranger's page can make a browser send", async () => {
    listModels();
    const response = await fetch(`${runtime().url}/chat-provider/draft/test`, {
      method: "POST",
      headers: { connection: "close" },
      body: new URLSearchParams({
        id: "new",
        "config[provider]": "custom",
        "config[baseUrl]": service().url,
      }),
    });
    assert.equal(((await response.json()) as { ok: boolean }).ok, false);
    assert.equal(service().requests.length, 0);
  });

  for (const body of [[], {}, { id: "a" }, { id: 1, config: {} }])
    it(`is refused as ${JSON.stringify(body)}`, async () => {
      const answer = await post("test", body);
      assert.equal(answer["ok"], false);
    });
});
