import type { Message } from "../../../src/node-red/red/api.js";
import type { Script } from "../services/scripted-service.js";

/** A message or a configuration that cannot work. */
export interface BadInput {
  problem: string;
  /** The error code. */
  code: string;
  /** Matches the error message, which must say what to do. */
  pattern: RegExp;
  /** Settings of the chat-stream. */
  stream?: Record<string, unknown>;
  /** Settings of the provider. */
  service?: Record<string, unknown>;
  credentials?: Record<string, string>;
  message?: Message;
  /** The response of the service. Without it, no request may reach the service. */
  script?: Script;
}

/** Writes a reference to a variable as Node-RED leaves it if the variable is not set. */
const writeVariable = (name: string) => `$\{${name}}`;
const openai = { provider: "openai" };
const circular: Record<string, unknown> = { role: "user" };
circular["content"] = circular;
const unreadable = {
  get payload() {
    throw new Error("no entry");
  },
};

export const BAD_INPUT: readonly BadInput[] = [
  { problem: "no provider", code: "configuration", pattern: /provider.*Choose/, stream: { provider: "" } },
  {
    problem: "a provider that does not exist",
    code: "configuration",
    pattern: /provider/,
    stream: { provider: "gone" },
  },
  {
    problem: "a kind of provider that does not exist",
    code: "configuration",
    pattern: /"nobody"/,
    service: { provider: "nobody" },
  },
  { problem: "no base URL", code: "configuration", pattern: /base URL.*Enter/, service: { baseUrl: "" } },
  {
    problem: "a base URL that is not a URL",
    code: "configuration",
    pattern: /base URL/,
    service: { baseUrl: "localhost" },
  },
  {
    problem: "a base URL with a password",
    code: "configuration",
    pattern: /password/,
    service: { baseUrl: "http://a:b@127.0.0.1/" },
  },
  {
    problem: "a base URL from an unset variable",
    code: "configuration",
    pattern: /CHAT_URL/,
    service: { baseUrl: writeVariable("CHAT_URL") },
  },
  { problem: "a timeout of 0", code: "configuration", pattern: /idleTimeout/, service: { idleTimeout: 0 } },
  {
    problem: "headers that are not JSON",
    code: "configuration",
    pattern: /headers/,
    service: { headers: "x: y" },
  },
  {
    problem: "a TLS configuration that does not exist",
    code: "configuration",
    pattern: /TLS configuration/,
    service: { tls: "gone" },
  },
  {
    problem: "a proxy that does not exist",
    code: "configuration",
    pattern: /proxy/,
    service: { proxy: "gone" },
  },
  { problem: "no key", code: "credentials", pattern: /API key.*Enter/, service: openai },
  {
    problem: "a key that is the name of an unset variable",
    code: "credentials",
    pattern: /CHAT_STREAM_UNSET/,
    service: openai,
    credentials: { apiKey: writeVariable("CHAT_STREAM_UNSET") },
  },
  {
    problem: "a key with a line break",
    code: "credentials",
    pattern: /line break/,
    service: openai,
    credentials: { apiKey: "sk-1\nsk-2" },
  },
  { problem: "no model", code: "invalid_request", pattern: /no model. Set one/, stream: { model: "" } },
  {
    problem: "a model that is not a text",
    code: "invalid_request",
    pattern: /msg\.model/,
    message: { payload: "Hi", model: 7 },
  },
  {
    problem: "an empty prompt",
    code: "invalid_request",
    pattern: /prompt is empty: msg\.payload/,
    message: { payload: "" },
  },
  { problem: "no prompt", code: "invalid_request", pattern: /prompt is empty: msg\.payload/, message: {} },
  {
    problem: "a prompt with an empty list",
    code: "invalid_request",
    pattern: /empty/,
    message: { payload: [] },
  },
  {
    problem: "an object without a prompt",
    code: "invalid_request",
    pattern: /msg\.payload/,
    message: { payload: { temperature: 1 } },
  },
  {
    problem: "R14: a Buffer",
    code: "invalid_request",
    pattern: /msg\.payload must be a string.*, but is a Buffer\. Set the node that makes it/,
    message: { payload: Buffer.from("Hi") },
  },
  {
    problem: "R14: a message that is null",
    code: "invalid_request",
    pattern: /msg\.payload\[1\]/,
    message: { payload: [{ role: "user", content: "Hi" }, null] },
  },
  {
    problem: "a message without a role",
    code: "invalid_request",
    pattern: /msg\.messages\[0\].*role/,
    message: { messages: [{ content: "Hi" }] },
  },
  {
    problem: "messages that are not a list",
    code: "invalid_request",
    pattern: /msg\.messages/,
    message: { payload: "Hi", messages: "Hi" },
  },
  {
    problem: "R14: a prompt that contains itself",
    code: "invalid_request",
    pattern: /msg\.payload.*JSON/,
    message: { payload: [circular] },
  },
  {
    problem: "R14: a BigInt",
    code: "invalid_request",
    pattern: /msg\.options.*JSON/,
    message: { payload: "Hi", options: { seed: 1n } },
  },
  {
    problem: "R14: a prompt that cannot be read",
    code: "invalid_request",
    pattern: /msg\.payload cannot be read: no entry/,
    message: unreadable,
  },
  {
    problem: "R14: another property that cannot be read",
    code: "invalid_request",
    pattern: /msg\.mine cannot be read/,
    message: Object.defineProperty({ payload: "Hi" }, "mine", {
      enumerable: true,
      get: () => {
        throw new Error("no entry");
      },
    }),
  },
  {
    problem: "tools that are not a list",
    code: "invalid_request",
    pattern: /msg\.tools/,
    message: { payload: "Hi", tools: {} },
  },
  {
    problem: "options that are not an object",
    code: "invalid_request",
    pattern: /msg\.options/,
    message: { payload: "Hi", options: "hot" },
  },
  {
    problem: "a temperature that is not a number",
    code: "configuration",
    pattern: /temperature/,
    stream: { temperature: "hot" },
  },
  {
    problem: "node options that are not JSON",
    code: "configuration",
    pattern: /options/,
    stream: { options: "{" },
  },
  {
    problem: "a broken expression",
    code: "configuration",
    pattern: /jsonata/,
    stream: { prompt: "$(", promptType: "jsonata" },
  },
  {
    problem: "a system prompt that is not a text",
    code: "invalid_request",
    pattern: /system prompt/,
    stream: { system: "rules", systemType: "msg" },
    message: { payload: "Hi", rules: {} },
  },
  {
    problem: "an unknown model",
    code: "not_found",
    pattern: /gpt-9.*does not exist.*Check the model/,
    script: (reply) =>
      reply.sendJson(404, { error: { message: "The model gpt-9 does not exist", code: "model_not_found" } }),
  },
  {
    problem: "a wrong key",
    code: "authentication",
    pattern: /Check the API key/,
    script: (reply) => reply.sendJson(401, { error: { message: "Incorrect API key provided" } }),
  },
  {
    problem: "a wrong base URL: a web page",
    code: "bad_response",
    pattern: /text\/html.*base URL/,
    script: (reply) => reply.sendText(200, "text/html; charset=utf-8", "<html><body>Welcome</body></html>"),
  },
  {
    problem: "a wrong base URL: a web page with status 404",
    code: "not_found",
    pattern: /404.*base URL/,
    script: (reply) => reply.sendText(404, "text/html", "<html><body>Not here</body></html>"),
  },
  {
    problem: "too many requests",
    code: "rate_limit",
    pattern: /429.*less often/,
    script: (reply) => reply.sendJson(429, { error: { message: "Slow down" } }, { "retry-after": "3" }),
  },
  {
    problem: "an error in the stream",
    code: "server_error",
    pattern: /boom/,
    script: (reply) => void reply.send("half", { error: { message: "boom" } }).response.end(),
  },
  {
    problem: "a stream that breaks off",
    code: "interrupted",
    pattern: /broke off/,
    script: async (reply) => (await reply.sendApart("half")).drop(),
  },
];
