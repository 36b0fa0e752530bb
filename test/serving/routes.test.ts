import assert from "node:assert/strict";
import type { FormName } from "../../src/serving/form.js";
import { findRoute, isServedPath } from "../../src/serving/routes.js";

const ALL: ReadonlySet<FormName> = new Set(["chat", "responses", "ollama", "ui", "ag-ui", "events"]);
const ASK_CHAT = { action: "ask", form: "chat", model: "" };

describe("Addresses of an endpoint", () => {
  for (const [method, path, expected] of [
    ["POST", "/v1/chat/completions", ASK_CHAT],
    ["POST", "/chat/completions", ASK_CHAT],
    ["POST", "/v1/v1/chat/completions", ASK_CHAT],
    ["POST", "//v1//chat/completions/", ASK_CHAT],
    ["POST", "/V1/Chat/Completions", ASK_CHAT],
    ["GET", "/v1/models", { action: "models", form: "chat" }],
    ["HEAD", "/models/", { action: "models", form: "chat" }],
    ["GET", "/v1/models/house", { action: "model", form: "chat", name: "house" }],
    ["GET", "/v1/models/org/House%202", { action: "model", form: "chat", name: "org/House 2" }],
    ["GET", "/v1/models/a%2Fb", { action: "model", form: "chat", name: "a/b" }],
    ["GET", "/v1/models/%zz", { action: "model", form: "chat", name: "%zz" }],
    ["GET", "/v1/chat/completions", { action: "wrongMethod", form: "chat", allowed: "POST" }],
    ["POST", "/v1/models", { action: "wrongMethod", form: "chat", allowed: "GET, HEAD" }],
    ["GET", "/v1", { action: "unknown", form: "chat" }],
    ["POST", "/v1/embeddings", { action: "unknown", form: "chat" }],
    ["POST", "/v1/responses", { action: "ask", form: "responses", model: "" }],
    ["GET", "/v1/responses/resp_A", { action: "read", form: "responses", id: "resp_A" }],
    ["POST", "/responses/resp_A/cancel", { action: "stop", form: "responses", id: "resp_A" }],
    ["GET", "/v1/responses/resp_A/input_items", { action: "unknown", form: "responses" }],
    ["HEAD", "/", { action: "ollama", form: "ollama", question: "alive" }],
    ["GET", "", { action: "ollama", form: "ollama", question: "alive" }],
    ["GET", "/api/tags", { action: "ollama", form: "ollama", question: "tags" }],
    ["HEAD", "/api/version", { action: "ollama", form: "ollama", question: "version" }],
    ["POST", "/api/show", { action: "ollama", form: "ollama", question: "show" }],
    ["POST", "/api/pull", { action: "ollama", form: "ollama", question: "pull" }],
    ["POST", "/api/chat", { action: "ask", form: "ollama", model: "" }],
    ["POST", "/api/generate", { action: "ask", form: "ollama", model: "", isGenerate: true }],
    ["DELETE", "/api/delete", { action: "unknown", form: "ollama" }],
    ["GET", "/api/constructor", { action: "unknown", form: "ollama" }],
    ["POST", "/ui", { action: "ask", form: "ui", model: "" }],
    ["GET", "/ui/Chat-1/stream", { action: "read", form: "ui", id: "Chat-1" }],
    ["POST", "/ui/Chat-1/stop", { action: "stop", form: "ui", id: "Chat-1" }],
    ["GET", "/ui/Chat-1", { action: "unknown", form: "ui" }],
    ["POST", "/ag-ui", { action: "ask", form: "ag-ui", model: "" }],
    ["POST", "/ag-ui/org/house", { action: "ask", form: "ag-ui", model: "org/house" }],
    ["GET", "/events", { action: "ask", form: "events", model: "" }],
    ["POST", "/events", { action: "ask", form: "events", model: "" }],
    ["GET", "/events/A", { action: "read", form: "events", id: "A" }],
    ["DELETE", "/events/A", { action: "stop", form: "events", id: "A" }],
    ["POST", "/events/A/stop", { action: "stop", form: "events", id: "A" }],
    ["PUT", "/events/A", { action: "wrongMethod", form: "events", allowed: "GET, HEAD" }],
  ] as const) {
    it(`${method} “${path}” is ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(findRoute(method, path, ALL), expected);
      assert.ok(isServedPath(path, ALL));
    });
  }

  it("leaves other paths to the flow", () => {
    for (const path of ["/page", "/v2/models", "/v1x", "/.well-known/x", "/constructor", "/__proto__"])
      assert.equal(isServedPath(path, ALL), false, path);
  });

  it("serves no form that is not chosen, and lists models for both forms of OpenAI", () => {
    const responses: ReadonlySet<FormName> = new Set(["responses"]);
    assert.deepEqual(findRoute("POST", "/v1/chat/completions", responses), {
      action: "unknown",
      form: "chat",
    });
    assert.equal(findRoute("GET", "/v1/models", responses).action, "models");
    assert.equal(isServedPath("/v1/chat/completions", responses), true);
    for (const path of ["", "/api/tags", "/ui", "/ag-ui", "/events", "/chat/completions"])
      assert.equal(isServedPath(path, responses), false, path);
    assert.equal(findRoute("GET", "/models", new Set<FormName>(["ui"])).action, "unknown");
  });
});
