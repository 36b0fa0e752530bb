import type { Reply, Script, ScriptedService, ServiceRequest } from "./scripted-service.js";

export const VENICE_KEY = "vn-key-of-a-test-0123456789";

/** Fields of a request in Venice's reference; others are refused. */
const FIELDS = new Set(
  `model messages stream stream_options temperature top_p top_k min_p max_completion_tokens max_tokens n seed stop tools
  tool_choice parallel_tool_calls response_format reasoning_effort reasoning frequency_penalty presence_penalty
  repetition_penalty logprobs top_logprobs user venice_parameters prompt_cache_key`.split(/\s+/),
);
const ROLES = new Set(["system", "developer", "user", "assistant", "tool"]);
const ASSISTANT = new Set([
  "role",
  "content",
  "name",
  "tool_calls",
  "reasoning_content",
  "reasoning_details",
]);

type Answer = (reply: Reply, request: ServiceRequest) => void | Promise<void>;

/** A mock of Venice.ai's API with its strict checks and its headers, built from its reference and clients; nothing is recorded. */
export class VeniceService {
  /** Extra response headers of a success. */
  headers: Record<string, string> = {};
  /** How a valid chat request is answered. */
  answer: Answer = (reply) =>
    this.sendStream(reply, [this.createTextRecord("Hello"), this.createTextRecord(" world")]);
  balances: Record<string, number> = { USD: 3.204, DIEM: 10 };
  /** Whether the key may ask for limits and balance. */
  hasBalanceAccess = true;
  /** Whether the model list is public, so that any key works. */
  hasPublicList = false;

  constructor(private readonly service: ScriptedService) {
    service.script = this.script;
  }

  /** The base URL that an author enters. */
  get url(): string {
    return `http://127.0.0.1:${this.service.port}/api/v1`;
  }

  /** Creates a record that adds text to the answer. */
  createTextRecord(content: string): object {
    return this.createRecord({ content });
  }

  /** Creates a record with a delta. */
  createRecord(delta: object, rest: object = {}): object {
    return { ...this.head, choices: [{ index: 0, delta, finish_reason: null, ...rest }] };
  }

  /** Sends records and Venice's end of a stream: finish reason, usage without `choices`, end marker. */
  sendStream(reply: Reply, records: readonly object[], reason = "stop"): void {
    reply.open({
      "x-venice-version": "20260821.193530",
      "x-ratelimit-limit-requests": "50",
      "x-ratelimit-remaining-requests": "49",
      "cf-ray": "ray-1",
      ...this.headers,
    });
    reply.send(this.createRecord({ role: "assistant", content: "" }), ...records);
    reply.send(this.createRecord({}, { finish_reason: reason }));
    reply.send({
      id: "chatcmpl-v",
      model: "venice-m",
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    });
    reply.response.end("data: [DONE]\n\n");
  }

  private get head(): object {
    return { id: "chatcmpl-v", object: "chat.completion.chunk", created: 1_700_000_000, model: "venice-m" };
  }

  private readonly script: Script = async (reply, request) => {
    const { path, headers, body } = request;
    const isPublic = this.hasPublicList && path.startsWith("/api/v1/models");
    if (headers.authorization !== `Bearer ${VENICE_KEY}` && !isPublic) {
      reply.sendJson(401, { error: "Authentication failed", code: "AUTHENTICATION_FAILED" });
    } else if (path === "/api/v1/models?type=text") reply.sendJson(200, MODELS);
    else if (path === "/api/v1/api_keys/rate_limits") {
      if (this.hasBalanceAccess)
        reply.sendJson(200, { data: { accessPermitted: true, balances: this.balances } });
      else reply.sendJson(401, { error: "Admin key needed" });
    } else if (path !== "/api/v1/chat/completions") reply.sendJson(404, { error: "Not found" });
    else {
      const issues = findIssues(body);
      if (issues.length > 0) {
        reply.sendJson(400, {
          error: "Invalid request parameters",
          details: { _errors: [], [issues[0]!]: { _errors: ["Invalid input"] } },
          issues: issues.map((field) => ({ code: "invalid_type", path: [field], message: "Invalid input" })),
        });
      } else await this.answer(reply, request);
    }
  };
}

/** Finds the fields that strict validation refuses: those with null and those that are not in the reference. */
function findIssues(body: Record<string, unknown>): string[] {
  const issues = Object.keys(body).filter((key) => !FIELDS.has(key) || body[key] === null);
  for (const message of (body["messages"] ?? []) as Record<string, unknown>[]) {
    if (!ROLES.has(String(message["role"]))) issues.push("role");
    for (const [key, value] of Object.entries(message)) {
      if (hasNull(value) && !(key === "content" && message["role"] === "assistant" && value === null))
        issues.push(key);
      if (message["role"] === "assistant" && !ASSISTANT.has(key)) issues.push(key);
    }
    for (const call of (message["tool_calls"] ?? []) as Record<string, unknown>[])
      issues.push(...Object.keys(call).filter((key) => !["id", "type", "function"].includes(key)));
  }
  for (const { function: definition, ...tool } of (body["tools"] ?? []) as Record<string, unknown>[])
    if (hasNull(tool) || Object.values(definition ?? {}).includes(null)) issues.push("tools");
  const parameters = (body["venice_parameters"] ?? {}) as Record<string, unknown>;
  return [...issues, ...Object.keys(parameters).filter((key) => parameters[key] === null)];
}

function hasNull(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.values(value!).some(hasNull));
}

const MODELS = {
  object: "list",
  type: "text",
  data: [
    {
      id: "venice-m",
      type: "text",
      model_spec: {
        capabilities: { supportsVision: true, supportsFunctionCalling: true, supportsReasoning: false },
      },
    },
    {
      id: "old-m",
      type: "text",
      model_spec: { offline: true, deprecation: { date: "2026-12-01" }, capabilities: {} },
    },
    { id: "plain-m", type: "text", model_spec: { capabilities: {} } },
  ],
};
