import assert from "node:assert/strict";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { SAAS_LLM_PROVIDER } from "../../src/providers/saas-llm.js";

const buildEndpoint = (baseUrl = "", team = "t 1") =>
  checkEndpoint(SAAS_LLM_PROVIDER, { apiKey: "sk-virtual", baseUrl, settings: { team } });

describe("Request to the SaaS LLM API", () => {
  const { job, buildModelsRequest: models, buildChatRequest: chat } = SAAS_LLM_PROVIDER;

  it("goes to the same URL whether the base URL ends in /api or not", () => {
    for (const baseUrl of ["https://h", "https://h/", "https://h/api", "https://h/api/"]) {
      assert.equal(
        job!.buildCreateRequest(buildEndpoint(baseUrl), {}).url.href,
        "https://h/api/jobs/create",
        baseUrl,
      );
    }
    assert.equal(
      models(buildEndpoint("https://h/x")).url.href,
      "https://h/x/api/credits/teams/t%201/balance",
    );
  });

  it("fails with invalid_request if a job or team id would change the URL's path", () => {
    const request = { model: "m", messages: [{ role: "user", content: "hi" }] };
    for (const id of [".", "..", "\ud800"]) {
      assert.throws(
        () => job!.buildCompleteRequest(buildEndpoint(), id, "completed"),
        { code: "invalid_request" },
        id,
      );
      assert.throws(
        () => chat({ ...request, job: id }, buildEndpoint(), {}),
        { code: "invalid_request" },
        id,
      );
      assert.throws(() => models(buildEndpoint("", id)), { code: "invalid_request" }, id);
    }
    assert.match(
      job!.buildCompleteRequest(buildEndpoint(), "../x", "failed").url.href,
      /\/api\/jobs\/\.\.%2Fx\/complete$/,
    );
  });

  it("ends a failed job with a reason of at most 500 characters", () => {
    const request = job!.buildCompleteRequest(buildEndpoint(), "j", "failed", "x".repeat(10_000));
    const { status, error_message: reason } = JSON.parse(request.body!) as Record<string, string>;
    assert.equal(status, "failed");
    assert.match(reason!, /^x{400,}/);
    assert.ok(reason!.length <= 501, String(reason!.length));
  });

  it("fails with invalid_request if parallel tool calls are forbidden, which the service would ignore", () => {
    const tools = [{ type: "function", function: { name: "f", parameters: {} } }];
    const messages = [{ role: "user", content: "hi" }];
    const build = (parallel_tool_calls: boolean) =>
      chat(
        { model: "m", messages, tools, job: "j", parameters: { parallel_tool_calls } },
        buildEndpoint(),
        {},
      );
    assert.equal("parallel_tool_calls" in (JSON.parse(build(true).body!) as object), false);
    assert.throws(() => build(false), { code: "invalid_request" });
  });
});

describe("Connection test of the SaaS LLM API", () => {
  it("fails with bad_response if the body is not a team's balance", () => {
    assert.deepEqual(SAAS_LLM_PROVIDER.readModelNames({ credits_remaining: 0 }, buildEndpoint()), []);
    for (const body of [undefined, null, [], {}, { status: "ok" }, "credits_remaining"]) {
      assert.throws(
        () => SAAS_LLM_PROVIDER.readModelNames(body, buildEndpoint()),
        { code: "bad_response" },
        JSON.stringify(body),
      );
    }
  });
});
