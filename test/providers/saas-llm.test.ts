import assert from "node:assert/strict";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { SAAS_LLM_PROVIDER } from "../../src/providers/saas-llm.js";

const endpoint = (baseUrl = "", team = "t 1") =>
  checkEndpoint(SAAS_LLM_PROVIDER, { apiKey: "sk-virtual", baseUrl, settings: { team } });

describe("A request to the SaaS LLM API", () => {
  const { job, models, chat } = SAAS_LLM_PROVIDER;

  it("goes to the same place whether the address has the path or not", () => {
    for (const baseUrl of ["https://h", "https://h/", "https://h/api", "https://h/api/"]) {
      assert.equal(
        job!.buildCreateRequest(endpoint(baseUrl), {}).url.href,
        "https://h/api/jobs/create",
        baseUrl,
      );
    }
    assert.equal(models(endpoint("https://h/x")).url.href, "https://h/x/api/credits/teams/t%201/balance");
  });

  it("is refused where the id of a job or team would lead elsewhere", () => {
    const request = { model: "m", messages: [{ role: "user", content: "hi" }] };
    for (const id of [".", "..", "\ud800"]) {
      assert.throws(
        () => job!.buildCompleteRequest(endpoint(), id, "completed"),
        { code: "invalid_request" },
        id,
      );
      assert.throws(() => chat({ ...request, job: id }, endpoint(), {}), { code: "invalid_request" }, id);
      assert.throws(() => models(endpoint("", id)), { code: "invalid_request" }, id);
    }
    assert.match(
      job!.buildCompleteRequest(endpoint(), "../x", "failed").url.href,
      /\/api\/jobs\/\.\.%2Fx\/complete$/,
    );
  });
});

describe("The test of a connection to the SaaS LLM API", () => {
  it("fails where it was another service that answered", () => {
    assert.deepEqual(SAAS_LLM_PROVIDER.modelNames({ credits_remaining: 0 }, endpoint()), []);
    for (const body of [undefined, null, [], {}, { status: "ok" }, "credits_remaining"]) {
      assert.throws(
        () => SAAS_LLM_PROVIDER.modelNames(body, endpoint()),
        { code: "bad_response" },
        JSON.stringify(body),
      );
    }
  });
});
