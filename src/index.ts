/**
 * The library, which works without Node-RED: `import { chatStream } from "@deltaflow/node-red-chat-stream/core"`.
 * `chatStream()` reads an answer with `for await`, `startChat()` by callbacks.
 */
export { type ChatOptions, startChat } from "./chat-options.js";
export { ChatStream, chatStream, StreamConsumedError } from "./chat-stream.js";
export type { ChatObserver, ChatResult, JobReport, JobWish } from "./client/chat-types.js";
export type * from "./core/chat/chunk.js";
export type { ChatRequest } from "./core/chat/request.js";
export type { Stats } from "./core/chat/stats.js";
export type { Clock } from "./core/clock.js";
export type { Cost, CostSource } from "./core/cost/amount.js";
export type { BilledCompletion } from "./core/cost/billed-completion.js";
export type { ModelPrices, OwnPrices } from "./core/cost/own-prices.js";
export { Failure, type FailureCode, type FailureData, type Phase } from "./core/failure.js";
export { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Limits, type Timeouts } from "./core/limits.js";
export { type DemoServer, type DemoServerOptions, startDemoServer } from "./demo/server/demo-server.js";
export { PROVIDERS } from "./providers/index.js";
export type { Capability, Provider, ProviderMemory, ProviderSetting } from "./providers/provider.js";
export type { Endpoint } from "./providers/shared/endpoint.js";
export type { JobAccount, JobStatus } from "./providers/shared/job.js";
export type * from "./request-types.js";
export type { ServiceOptions } from "./service-options.js";
export { type SpeechOptions, SpeechStream, speech } from "./speech.js";
export { replayCassette } from "./transport/cassette/replay-cassette.js";
