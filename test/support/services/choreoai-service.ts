import type { Reply, Script, ScriptedService } from "./scripted-service.js";

export const CHOREO_KEY = "choreo-key-of-a-test";

/** Fields in the server's schema. Its pydantic model silently drops all others. */
const FIELDS = new Set(
  "model messages temperature max_tokens top_p stream stop presence_penalty frequency_penalty user".split(
    " ",
  ),
);

/** A mock of ChoreoAI's server (branch `develop`), built from its source; nothing is recorded. */
export class ChoreoService {
  /** The answer's text, one record each. */
  pieces: readonly string[] = ["Hello", " world"];
  /** The error of the vendor's service in the middle of the stream; undefined for none. */
  upstreamError: string | undefined;
  /** The fields of the last request that are in the server's schema. */
  knownFields: Record<string, unknown> = {};
  private seconds = 1_760_190_000;

  constructor(private readonly service: ScriptedService) {
    service.script = this.script;
  }

  /** The base URL that an author enters. */
  get url(): string {
    return `http://127.0.0.1:${this.service.port}`;
  }

  private readonly script: Script = (reply, { path, headers, body }) => {
    const [scheme, key] = (headers.authorization ?? "").split(" ");
    if (scheme !== "Bearer" || key !== CHOREO_KEY) {
      const error = { message: "Invalid API key", type: "authentication_error", code: "invalid_api_key" };
      reply.sendJson(401, { error });
    } else if (path === "/v1/models") {
      reply.sendJson(200, { object: "list", data: [{ id: "gpt-4o" }, { id: "claude-3-sonnet-20240229" }] });
    } else if (path !== "/v1/chat/completions") reply.sendJson(404, { detail: "Not Found" });
    else this.answer(reply, body);
  };

  private answer(reply: Reply, body: Record<string, unknown>): void {
    this.knownFields = Object.fromEntries(Object.entries(body).filter(([key]) => FIELDS.has(key)));
    const messages = body["messages"] as { content: unknown }[];
    const wrong = messages.findIndex(({ content }) => typeof content !== "string");
    const model = String(body["model"]);
    if (wrong >= 0) {
      const detail = [
        {
          loc: ["body", "messages", wrong, "content"],
          msg: "Input should be a valid string",
          type: "string_type",
        },
      ];
      reply.sendJson(422, { detail });
    } else if (model.startsWith("gpt-")) this.streamAsOpenAi(reply, model);
    else if (model.startsWith("claude-")) this.streamAsClaude(reply, model);
    else if (model.startsWith("gemini-")) {
      this.endWithError(
        reply.open({ "x-request-id": "req-1" }),
        "Streaming error: Gemini provider is not implemented yet",
      );
    } else reply.sendJson(400, { detail: `Unknown model: ${model}` });
  }

  /** Streams OpenAI's chunks with all fields of its SDK, including nulls. */
  private streamAsOpenAi(reply: Reply, model: string): void {
    const createRecord = (delta: object, finish: string | null) => ({
      id: "chatcmpl-1",
      choices: [
        {
          delta: {
            content: null,
            function_call: null,
            refusal: null,
            role: null,
            tool_calls: null,
            ...delta,
          },
          finish_reason: finish,
          index: 0,
          logprobs: null,
        },
      ],
      created: 1,
      model,
      object: "chat.completion.chunk",
      service_tier: null,
      system_fingerprint: null,
      usage: null,
    });
    reply.open({ "x-request-id": "req-1" }).send(createRecord({ content: "", role: "assistant" }, null));
    reply.send(...this.pieces.map((content) => createRecord({ content }, null)));
    if (this.upstreamError) this.endWithError(reply, `OpenAI streaming error: ${this.upstreamError}`);
    else reply.send(createRecord({}, "stop")).response.end("data: [DONE]\n\n");
  }

  /** Streams texts alone: no role, finish reason or usage, and a new id each second. */
  private streamAsClaude(reply: Reply, model: string): void {
    reply.open({ "x-request-id": "req-1" });
    for (const content of this.pieces) {
      const created = this.seconds++;
      reply.send({
        id: `chatcmpl-${created}`,
        object: "chat.completion.chunk",
        created,
        model,
        choices: [{ index: 0, delta: { content }, finish_reason: null }],
      });
    }
    if (this.upstreamError) this.endWithError(reply, `Anthropic streaming error: ${this.upstreamError}`);
    else reply.response.end("data: [DONE]\n\n");
  }

  /** Ends the stream with an error, with status 200 and without the end marker. */
  private endWithError(reply: Reply, message: string): void {
    reply.send({ error: { message, type: "stream_error" } }).response.end();
  }
}
