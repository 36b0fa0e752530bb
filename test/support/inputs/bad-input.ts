import type { Message } from "../../../src/node-red/red/api.js";
import type { Script } from "../services/scripted-service.js";

/** A message or a configuration that cannot be what its author meant. */
export interface BadInput {
  what: string;
  code: string;
  /** What the sentence must say, so that the reader knows what to do. */
  says: RegExp;
  stream?: Record<string, unknown>;
  service?: Record<string, unknown>;
  credentials?: Record<string, string>;
  message?: Message;
  /** What the service answers; without it, nothing may reach the service. */
  script?: Script;
}

/** What Node-RED leaves where the variable is not set. */
const variable = (name: string) => `$\{${name}}`;
const openai = { provider: "openai" };
const circular: Record<string, unknown> = { role: "user" };
circular["content"] = circular;
const secret = {
  get payload() {
    throw new Error("no entry");
  },
};

export const BAD_INPUT: readonly BadInput[] = [
  { what: "no provider", code: "configuration", says: /provider.*Choose/, stream: { provider: "" } },
  {
    what: "a provider that does not exist",
    code: "configuration",
    says: /provider/,
    stream: { provider: "gone" },
  },
  {
    what: "a kind of provider that does not exist",
    code: "configuration",
    says: /"nobody"/,
    service: { provider: "nobody" },
  },
  { what: "no base URL", code: "configuration", says: /base URL.*Enter/, service: { baseUrl: "" } },
  {
    what: "a base URL that is none",
    code: "configuration",
    says: /base URL/,
    service: { baseUrl: "localhost" },
  },
  {
    what: "a base URL with a password",
    code: "configuration",
    says: /password/,
    service: { baseUrl: "http://a:b@127.0.0.1/" },
  },
  {
    what: "a base URL from an unset variable",
    code: "configuration",
    says: /CHAT_URL/,
    service: { baseUrl: variable("CHAT_URL") },
  },
  { what: "a timeout of 0", code: "configuration", says: /idleTimeout/, service: { idleTimeout: 0 } },
  { what: "headers that are no JSON", code: "configuration", says: /headers/, service: { headers: "x: y" } },
  {
    what: "a TLS configuration that is gone",
    code: "configuration",
    says: /TLS configuration/,
    service: { tls: "gone" },
  },
  { what: "a proxy that is gone", code: "configuration", says: /proxy/, service: { proxy: "gone" } },
  { what: "no key", code: "credentials", says: /API key.*Enter/, service: openai },
  {
    what: "a key that is the name of an unset variable",
    code: "credentials",
    says: /CHAT_STREAM_UNSET/,
    service: openai,
    credentials: { apiKey: variable("CHAT_STREAM_UNSET") },
  },
  {
    what: "a key with a line break in it",
    code: "credentials",
    says: /line break/,
    service: openai,
    credentials: { apiKey: "sk-1\nsk-2" },
  },
  { what: "no model", code: "invalid_request", says: /model.*Choose/, stream: { model: "" } },
  {
    what: "a model that is no text",
    code: "invalid_request",
    says: /msg\.model/,
    message: { payload: "Hi", model: 7 },
  },
  {
    what: "an empty prompt",
    code: "invalid_request",
    says: /msg\.payload is empty/,
    message: { payload: "" },
  },
  { what: "no prompt", code: "invalid_request", says: /msg\.payload is empty/, message: {} },
  { what: "a prompt of no messages", code: "invalid_request", says: /empty/, message: { payload: [] } },
  {
    what: "an object without a prompt",
    code: "invalid_request",
    says: /msg\.payload/,
    message: { payload: { temperature: 1 } },
  },
  {
    what: "R14: a Buffer",
    code: "invalid_request",
    says: /msg\.payload/,
    message: { payload: Buffer.from("Hi") },
  },
  {
    what: "R14: a message that is null",
    code: "invalid_request",
    says: /msg\.payload\[1\]/,
    message: { payload: [{ role: "user", content: "Hi" }, null] },
  },
  {
    what: "a message without a role",
    code: "invalid_request",
    says: /msg\.messages\[0\].*role/,
    message: { messages: [{ content: "Hi" }] },
  },
  {
    what: "messages that are no list",
    code: "invalid_request",
    says: /msg\.messages/,
    message: { payload: "Hi", messages: "Hi" },
  },
  {
    what: "R14: a prompt that contains itself",
    code: "invalid_request",
    says: /msg\.payload.*JSON/,
    message: { payload: [circular] },
  },
  {
    what: "R14: a BigInt",
    code: "invalid_request",
    says: /msg\.options.*JSON/,
    message: { payload: "Hi", options: { seed: 1n } },
  },
  {
    what: "R14: a prompt that cannot be read",
    code: "invalid_request",
    says: /msg\.payload cannot be read: no entry/,
    message: secret,
  },
  {
    what: "R14: another property that cannot be read",
    code: "invalid_request",
    says: /msg\.mine cannot be read/,
    message: Object.defineProperty({ payload: "Hi" }, "mine", {
      enumerable: true,
      get: () => {
        throw new Error("no entry");
      },
    }),
  },
  {
    what: "tools that are no list",
    code: "invalid_request",
    says: /msg\.tools/,
    message: { payload: "Hi", tools: {} },
  },
  {
    what: "options that are no object",
    code: "invalid_request",
    says: /msg\.options/,
    message: { payload: "Hi", options: "hot" },
  },
  {
    what: "a temperature that is no number",
    code: "configuration",
    says: /temperature/,
    stream: { temperature: "hot" },
  },
  { what: "node options that are no JSON", code: "configuration", says: /options/, stream: { options: "{" } },
  {
    what: "a broken expression",
    code: "configuration",
    says: /jsonata/,
    stream: { prompt: "$(", promptType: "jsonata" },
  },
  {
    what: "a system prompt that is no text",
    code: "invalid_request",
    says: /system prompt/,
    stream: { system: "rules", systemType: "msg" },
    message: { payload: "Hi", rules: {} },
  },
  {
    what: "an unknown model",
    code: "not_found",
    says: /gpt-9.*does not exist.*Check the model/,
    script: (reply) =>
      reply.sendJson(404, { error: { message: "The model gpt-9 does not exist", code: "model_not_found" } }),
  },
  {
    what: "a wrong key",
    code: "authentication",
    says: /Check the API key/,
    script: (reply) => reply.sendJson(401, { error: { message: "Incorrect API key provided" } }),
  },
  {
    what: "a wrong base URL: a web page",
    code: "bad_response",
    says: /text\/html.*base URL/,
    script: (reply) => reply.sendText(200, "text/html; charset=utf-8", "<html><body>Welcome</body></html>"),
  },
  {
    what: "a wrong base URL: a page that says 404",
    code: "not_found",
    says: /404.*base URL/,
    script: (reply) => reply.sendText(404, "text/html", "<html><body>Not here</body></html>"),
  },
  {
    what: "a service that wants no more for now",
    code: "rate_limit",
    says: /429.*less often/,
    script: (reply) => reply.sendJson(429, { error: { message: "Slow down" } }, { "retry-after": "3" }),
  },
  {
    what: "an error in the stream",
    code: "server_error",
    says: /boom/,
    script: (reply) => void reply.send("half", { error: { message: "boom" } }).response.end(),
  },
  {
    what: "a stream that breaks off",
    code: "interrupted",
    says: /broke off/,
    script: async (reply) => (await reply.sendApart("half")).drop(),
  },
];
