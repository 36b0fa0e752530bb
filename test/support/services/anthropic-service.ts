import { isObject } from "../../../src/core/json/parse.js";
import { createMessageDelta, createMessageStart, formatEvent, PING, STOP } from "./anthropic-records.js";
import { type Reply, ScriptedService, type ServiceRequest } from "./scripted-service.js";

/** The only key that the service knows. */
export const ANTHROPIC_KEY = "sk-ant-test-1";

/** The only thinking that it takes back. */
export const SIGNATURE = "c2lnbmVkIGJ5IG1l";

/** Fields of a request's body; others are refused, as the real service does it. */
const FIELDS: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "max_tokens",
  "system",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "tools",
  "tool_choice",
  "thinking",
  "metadata",
  "output_config",
  "service_tier",
]);

/** What the service does with a request that it has not refused. */
export type Turn = (reply: AnthropicReply, request: ServiceRequest) => void | Promise<void>;

interface TypedRecord {
  type: string;
}

/** The server's side of one answer. */
export class AnthropicReply {
  /** @param said where the blocks are noted that the answer has */
  constructor(
    private readonly reply: Reply,
    private readonly said: string[],
  ) {}

  /** Sends records, all in one write. */
  send(...records: readonly TypedRecord[]): this {
    for (const record of records)
      if ("content_block" in record) this.said.push(formatBlockMark(record.content_block));
    if (!this.reply.response.headersSent) this.reply.open({ ...HEADERS });
    this.reply.response.write(records.map(formatEvent).join(""));
    return this;
  }

  /** Sends each record in a write of its own. */
  async sendApart(...records: readonly TypedRecord[]): Promise<this> {
    for (const record of records) {
      this.send(record);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return this;
  }

  /** A whole answer. */
  async sendAnswer(blocks: readonly (readonly TypedRecord[])[], reason = "end_turn"): Promise<void> {
    await this.sendApart(createMessageStart(), PING, ...blocks.flat(), createMessageDelta(reason), STOP);
    this.end();
  }

  end(): void {
    this.reply.response.end();
  }

  drop(): void {
    this.reply.drop();
  }

  refuse(status: number, type: string, message: string, headers: Record<string, string> = {}): void {
    const body = { type: "error", error: { type, message }, request_id: "req_test" };
    this.reply.sendJson(status, body, { ...HEADERS, ...headers });
  }

  sendJson(body: unknown): void {
    this.reply.sendJson(200, body, { ...HEADERS });
  }
}

const HEADERS = {
  "request-id": "req_test",
  "anthropic-ratelimit-requests-limit": "50",
  "anthropic-ratelimit-requests-remaining": "49",
  "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:00Z",
};

/**
 * Anthropic's Messages API as it is on the wire, with the checks that it makes of a request. Built after the API
 * reference and the notes on its habits, not recorded.
 */
export class AnthropicService {
  /** What happens to the next requests, one each; the last stays. */
  turns: Turn[] = [];

  /** The blocks of each answer, as `markOf` knows them. */
  private readonly sentBlocks: string[][] = [];

  private constructor(private readonly service: ScriptedService) {
    service.script = (reply, request) => {
      const said: string[] = [];
      this.sentBlocks.push(said);
      return this.answer(new AnthropicReply(reply, said), request);
    };
  }

  static async start(): Promise<AnthropicService> {
    return new AnthropicService(await ScriptedService.start());
  }

  get requests(): readonly ServiceRequest[] {
    return this.service.requests;
  }

  /** What an author writes into *base URL*: as Anthropic's documentation has it, without the version. */
  get url(): string {
    return `http://127.0.0.1:${this.service.port}`;
  }

  reset(): void {
    this.service.requests.length = 0;
    this.turns = [];
    this.sentBlocks.length = 0;
  }

  close(): Promise<void> {
    return this.service.close();
  }

  private answer(reply: AnthropicReply, request: ServiceRequest): void | Promise<void> {
    const refusal = findRefusal(request, this.sentBlocks);
    if (refusal) return reply.refuse(...refusal);
    if (request.method === "GET")
      return reply.sendJson({ data: [{ type: "model", id: "claude-1" }], has_more: false });
    const turn = this.turns.length > 1 ? this.turns.shift()! : this.turns[0];
    if (!turn) return reply.refuse(500, "api_error", "the test has no answer for this");
    return turn(reply, request);
  }
}

function findRefusal(
  { method, path, headers, body }: ServiceRequest,
  said: readonly (readonly string[])[],
): [number, string, string] | undefined {
  const invalid = (message: string): [number, string, string] => [400, "invalid_request_error", message];
  const key = headers["x-api-key"];
  if (key !== ANTHROPIC_KEY) {
    return [401, "authentication_error", key ? "invalid x-api-key" : "x-api-key header is required"];
  }
  if (!headers["anthropic-version"]) return invalid("anthropic-version: header is required");
  const place = new URL(path, "http://a").pathname;
  if (method === "GET" && place === "/v1/models") return undefined;
  if (method !== "POST" || place !== "/v1/messages") return [404, "not_found_error", "Not Found"];
  const unknown = Object.keys(body).find((field) => !FIELDS.has(field));
  if (unknown) return invalid(`${unknown}: Extra inputs are not permitted`);
  if (typeof body["max_tokens"] !== "number") return invalid("max_tokens: Field required");
  if (!String(body["model"]).startsWith("claude-"))
    return [404, "not_found_error", `model: ${String(body["model"])}`];
  const wrong = findFault(body["messages"] as { role: string; content: unknown }[], said);
  return wrong === undefined ? undefined : invalid(wrong);
}

/** What the real service would say of the messages. */
function findFault(
  messages: readonly { role: string; content: unknown }[],
  said: readonly (readonly string[])[],
): string | undefined {
  if (messages.length === 0) return "messages: at least one message is required";
  for (const [at, { role, content }] of messages.entries()) {
    if (role !== "user" && role !== "assistant")
      return `messages.${at}.role: Input should be 'user' or 'assistant'`;
    const blocks = readBlocks(content);
    if (blocks.some((block) => block["type"] === "text" && String(block["text"]).trim() === "")) {
      return "messages: text content blocks must be non-empty";
    }
    const forged = blocks.findIndex(
      (block) => block["type"] === "thinking" && block["signature"] !== SIGNATURE,
    );
    if (forged !== -1) return `messages.${at}.content.${forged}: Invalid \`signature\` in \`thinking\` block`;
    const order = blocks.map(formatBlockMark).join();
    if (/thinking/.test(order) && !said.some((marks) => marks.join() === order)) {
      return `messages.${at}.content: \`thinking\` or \`redacted_thinking\` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.`;
    }
    const calls = blocks.filter((block) => block["type"] === "tool_use").map((block) => block["id"]);
    const results = readBlocks(messages[at + 1]?.content).map((block) => block["tool_use_id"]);
    const missing = calls.filter((id, turn) => results[turn] !== id);
    if (missing.length > 0) {
      return `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(", ")}`;
    }
  }
  const last = messages.at(-1)!;
  const text = typeof last.content === "string" ? last.content : readBlocks(last.content).at(-1)?.["text"];
  if (last.role === "assistant" && typeof text === "string" && /\s$/.test(text)) {
    return "messages: final assistant content cannot end with trailing whitespace";
  }
  return undefined;
}

/** What a block must be known by when it comes back. */
function formatBlockMark(block: unknown): string {
  const { type, id = "" } = isObject(block) ? block : {};
  return `${String(type)} ${String(id)}`;
}

function readBlocks(content: unknown): Record<string, unknown>[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? content.filter(isObject) : [];
}

/** The service for all tests around it, reset before each. @returns how a test gets at it */
export function useAnthropic(): () => AnthropicService {
  let service: AnthropicService | undefined;
  before(async () => {
    service = await AnthropicService.start();
  });
  beforeEach(() => service?.reset());
  after(() => service?.close());
  return () => service!;
}
