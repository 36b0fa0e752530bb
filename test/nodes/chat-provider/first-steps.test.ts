import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getProvider, PROVIDERS } from "../../../src/providers/index.js";
import { findModelEnd } from "../../../src/providers/model-ends.js";
import { findFirstSteps } from "../../../src/providers/start/first-steps.js";
import { takeUsualKey } from "../../../src/providers/start/usual-key.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { ROOT } from "../../support/root.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

describe("The first request of a new flow", () => {
  const runtime = useRuntime();
  const service = useService();

  it("is answered by the demo if the model is empty", async () => {
    await runtime().deploy(createAskFlow("", { model: "" }, { provider: "demo", demoPace: 0 }));
    runtime().inject("ask", { payload: "Count to 3." });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.finishReason, "stop");
    assert.match(joinPayloads(runtime().getMessages("out")), /1.*2.*3/s);
  });

  it("is refused without a model by a service that needs its name, with a sentence that says where to set it", async () => {
    await runtime().deploy(createAskFlow(service().url, { model: "" }));
    runtime().inject("ask", { payload: "Hi" });
    const [end] = await runtime().waitForEnds("out");
    assert.match(
      (end!.error as { message: string }).message,
      /^The request has no model\. Set one in the node/,
    );
    assert.equal(service().requests.length, 0);
  });

  it("goes to a llama.cpp server without a model, since it has loaded one", async () => {
    await runtime().deploy(createAskFlow(service().url, { model: "" }, { provider: "llamacpp" }));
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out");
    assert.equal(service().requests[0]!.body["model"], "default");
  });
});

describe("takeUsualKey", () => {
  const openai = getProvider("openai");
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the reference of a variable
  const read = (text: string) => text.replace("${OPENAI_API_KEY}", " sk-usual \n");

  it("takes an empty key from the service's usual environment variable", () => {
    assert.equal(takeUsualKey(openai, {}, read).apiKey, "sk-usual");
    assert.equal(takeUsualKey(openai, { baseUrl: `${openai.baseUrl}/` }, read).apiKey, "sk-usual");
  });

  for (const [title, endpoint] of [
    ["a key that the author has entered", { apiKey: "own" }],
    ["a token in the author's headers", { headers: { Authorization: "Bearer own" } }],
    ["an address that is not the service's own", { baseUrl: "https://elsewhere.example/v1" }],
  ] as const)
    it(`leaves ${title}`, () => assert.deepEqual(takeUsualKey(openai, endpoint, read), endpoint));

  it("leaves an endpoint alone if the variable is not set", () => {
    assert.deepEqual(
      takeUsualKey(openai, {}, (text) => text),
      {},
    );
    assert.deepEqual(
      takeUsualKey(openai, {}, () => " "),
      {},
    );
  });
});

describe("First steps", () => {
  it("name a page for the key of every service that needs one of a vendor", () => {
    const without = PROVIDERS.filter(({ id, keyRequired }) => keyRequired && !findFirstSteps(id).keyPage);
    assert.deepEqual(
      without.map(({ id }) => id),
      ["choreoai", "saas-llm"],
    );
  });

  it("name a usual model that has no end, the same in the dialog as in docs/providers.md", () => {
    const rows = readFileSync(join(ROOT, "docs/providers.md"), "utf8").split("\n");
    const services = PROVIDERS.filter(
      ({ id }) => findFirstSteps(id).usualModel && findFirstSteps(id).keyPage,
    );
    assert.ok(services.length > 8);
    for (const { id } of services) {
      const { usualModel, keyPage } = findFirstSteps(id);
      const row = rows.find(
        (line) => line.includes(`](${keyPage})`) && line.endsWith(`| \`${usualModel}\` |`),
      );
      assert.ok(row, `${id}: docs/providers.md should name ${usualModel}`);
      assert.equal(findModelEnd(id, usualModel!), undefined);
    }
  });
});
