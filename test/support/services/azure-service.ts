import type { Reply, Script, ScriptedService } from "./scripted-service.js";

export const AZURE_KEY = "0123456789abcdef0123456789abcdef";
const DEPLOYMENT = "my-gpt";
const SAFE = { hate: { filtered: false, severity: "safe" }, violence: { filtered: false, severity: "safe" } };

/** A mock of an Azure OpenAI resource, built from its reference and documentation; nothing is recorded. */
export class AzureService {
  /** The answer's text, one record each. */
  pieces: readonly string[] = ["Hello", " world"];
  /** Whether filter results come in records of their own, one after the end of the text. */
  asynchronousFilter = false;
  /** The finish reason. */
  finish = "stop";
  /** Tool calls, sent before the end. */
  calls: object[] = [];

  constructor(private readonly service: ScriptedService) {
    service.script = this.script;
  }

  /** The base URL that an author enters. */
  get url(): string {
    return `http://127.0.0.1:${this.service.port}`;
  }

  private readonly script: Script = (reply, { path, headers, body }) => {
    const url = new URL(path, this.url);
    const version = url.searchParams.get("api-version");
    if (headers["api-key"] !== AZURE_KEY && headers.authorization !== "Bearer entra-token") {
      const message = "Access denied due to invalid subscription key or wrong API endpoint.";
      reply.sendJson(401, { error: { code: "401", message } });
    } else if (url.pathname === "/openai/v1/models" || (url.pathname === "/openai/models" && version)) {
      reply.sendJson(200, { object: "list", data: [{ id: "gpt-4o-2024-11-20", object: "model" }] });
    } else if (url.pathname === "/openai/v1/chat/completions")
      this.answer(reply, body, String(body["model"]), version);
    else {
      const [, deployment] = /^\/openai\/deployments\/([^/]+)\/chat\/completions$/.exec(url.pathname) ?? [];
      if (!deployment || !version)
        reply.sendJson(404, { error: { code: "404", message: "Resource not found" } });
      else this.answer(reply, body, decodeURIComponent(deployment), version);
    }
  };

  private answer(
    reply: Reply,
    body: Record<string, unknown>,
    deployment: string,
    version: string | null,
  ): void {
    if (deployment !== DEPLOYMENT) {
      const message = "The API deployment for this resource does not exist.";
      reply.sendJson(404, { error: { code: "DeploymentNotFound", message } });
    } else if (version && version < "2024-09" && "max_completion_tokens" in body) {
      reply.sendJson(400, {
        error: {
          message: "Unrecognized request argument supplied: max_completion_tokens",
          type: "invalid_request_error",
          param: null,
          code: null,
        },
      });
    } else if (version && version < "2024-09" && "stream_options" in body) {
      reply.sendJson(400, {
        error: {
          message: "Unrecognized request argument supplied: stream_options",
          type: "invalid_request_error",
          param: null,
          code: null,
        },
      });
    } else if (JSON.stringify(body["messages"]).includes("forbidden")) {
      reply.sendJson(400, { error: FILTERED });
    } else this.streamAnswer(reply, Boolean(body["stream_options"]));
  }

  private streamAnswer(reply: Reply, counted: boolean): void {
    const head = {
      id: "chatcmpl-az",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: "gpt-4o",
    };
    const createChunk = (fields: object) => ({
      ...head,
      choices: [{ index: 0, finish_reason: null, ...fields }],
    });
    const offsets = { check_offset: 0, start_offset: 0, end_offset: 9 };
    const checked = createChunk({ content_filter_results: SAFE, content_filter_offsets: offsets });
    reply.open({ "apim-request-id": "apim-1", "x-ms-region": "Sweden Central" }).send({
      ...head,
      id: "",
      created: 0,
      model: "",
      object: "",
      choices: [],
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE }],
    });
    reply.send(createChunk({ delta: { role: "assistant", content: "" }, content_filter_results: {} }));
    for (const content of this.pieces) {
      const results = this.asynchronousFilter ? {} : { content_filter_results: SAFE };
      reply.send(
        createChunk({ delta: { content }, ...results }),
        ...(this.asynchronousFilter ? [checked] : []),
      );
    }
    reply.send(...this.calls.map((call) => createChunk({ delta: { tool_calls: [call] } })));
    reply.send(createChunk({ delta: {}, finish_reason: this.finish, content_filter_results: {} }));
    if (this.asynchronousFilter) reply.send(checked);
    if (counted) {
      reply.send({
        ...head,
        choices: [],
        usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
      });
    }
    reply.response.end("data: [DONE]\n\n");
  }
}

const FILTERED = {
  message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
  type: null,
  param: "prompt",
  code: "content_filter",
  status: 400,
  innererror: {
    code: "ResponsibleAIPolicyViolation",
    content_filter_result: { ...SAFE, hate: { filtered: true, severity: "high" } },
  },
};
