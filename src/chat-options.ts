import {
  type ChatObserver,
  type ChatSetup,
  type JobWish,
  type ResumePoint,
  replaceEnd,
} from "./client/chat-types.js";
import { startRun } from "./client/start-run.js";
import type { ChatMessage } from "./core/chat/chunk.js";
import { checkOwnPrices, type OwnPrices } from "./core/cost/own-prices.js";
import { addAbortListener } from "./core/lifecycle/abort-listener.js";
import { createUuid } from "./core/lifecycle/create-uuid.js";
import { rewordForLibrary } from "./library-wording.js";
import type { ProviderMemory } from "./providers/provider.js";
import type { ApiForm } from "./providers/shared/endpoint.js";
import type { ChatParameters, ToolDefinition } from "./request-types.js";
import {
  checkNames,
  checkOptions,
  getMemory,
  openService,
  SERVICE_OPTIONS,
  type ServiceOptions,
} from "./service-options.js";

/** A chat request for the library: the service, the conversation and how to stream the answer. */
export interface ChatOptions extends ServiceOptions {
  /**
   * The form in which the service is asked, if it has both: `chat` (Chat Completions) or `responses`; `""`: its better one.
   * Default: the better one at the service's own address, `chat` at any other.
   */
  api?: ApiForm | "" | undefined;
  /** Name of the model, as the service calls it. Only services that have one of their own need none, such as `demo`. */
  model?: string | undefined;
  /** The conversation, in the form of Chat Completions, or the text of the one message of a user. */
  messages: string | readonly ChatMessage[];
  /** Tools for the model, in the form of `tools` of Chat Completions. */
  tools?: readonly ToolDefinition[] | undefined;
  /**
   * More request fields, under the service's own names: `temperature`, `max_tokens`, `n` … `hosted_tools` names tools that
   * the service runs itself (see docs/providers.md).
   */
  parameters?: ChatParameters | undefined;
  /**
   * Resumes an answer that an earlier stream has begun: `resume` of its result. Needs a service that keeps answers
   * (`parameters.background` with Responses), and the same request.
   */
  resume?: ResumePoint | undefined;
  /** The job to use, if the service bills by job. Default: a new job for this stream. */
  job?: JobWish | undefined;
  /** Your own prices, for models that neither the service nor the price list has a price for. */
  prices?: OwnPrices | undefined;
  /** Whether to skip and count broken records instead of failing, as with records of unknown types. Default: false. */
  tolerant?: boolean | undefined;
  /** Whether a stream without a finish reason fails as `interrupted`, even if it has an end marker. Default: false. */
  needsFinishReason?: boolean | undefined;
  /** What earlier requests learned about the service. Default: one memory for each base URL in this process. */
  memory?: ProviderMemory | undefined;
}

/** The names of the options. A record, so that the compiler finds one that is missing. */
const CHAT_OPTIONS: Readonly<Record<keyof ChatOptions, true>> = {
  ...SERVICE_OPTIONS,
  api: true,
  model: true,
  messages: true,
  tools: true,
  parameters: true,
  resume: true,
  job: true,
  prices: true,
  tolerant: true,
  needsFinishReason: true,
  memory: true,
};

/**
 * Checks the options and builds everything that a run needs.
 * @param everyChunk whether the run delivers every chunk as a chunk
 * @throws Failure `configuration` or `credentials`, with the provider's id
 */
export function buildSetup(options: ChatOptions, everyChunk: boolean): ChatSetup {
  return checkOptions(options, () => buildCheckedSetup(options, everyChunk));
}

function buildCheckedSetup(options: ChatOptions, everyChunk: boolean): ChatSetup {
  checkNames(options, CHAT_OPTIONS);
  const service = openService(options, options.api);
  return {
    ...service,
    id: createUuid(),
    memory: options.memory ?? getMemory(service.endpoint),
    request: {
      model: options.model ?? "",
      messages:
        typeof options.messages === "string"
          ? [{ role: "user", content: options.messages }]
          : options.messages,
      ...(options.tools === undefined ? {} : { tools: options.tools }),
      ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
    },
    resume: options.resume,
    ...(options.job ? { job: options.job } : {}),
    ...(options.prices ? { prices: checkOwnPrices(options.prices) } : {}),
    tolerant: options.tolerant ?? false,
    needsFinishReason: options.needsFinishReason ?? false,
    everyChunk,
  };
}

/**
 * Sends a chat request and delivers the answer by callbacks. This is the fastest way to read a stream, because there is no
 * promise between the socket and the observer. Use `chatStream()` to read it with `for await`.
 *
 * The observer's `onEnd()` is called exactly once, after this function has returned.
 * @returns a handle to cancel the stream; the result then has the outcome `cancelled`
 * @throws Failure `configuration` or `credentials` if the options are wrong; all later failures reach `onEnd()`
 */
export function startChat(options: ChatOptions, observer: ChatObserver): { cancel(): void } {
  const { signal } = options;
  const run = startRun(
    buildSetup(options, false),
    replaceEnd(observer, (result) => {
      removeListener?.();
      if (result.failure) rewordForLibrary(result.failure);
      observer.onEnd(result);
    }),
  );
  const removeListener = signal && addAbortListener(signal, () => run.cancel());
  if (signal?.aborted) run.cancel();
  return run;
}
