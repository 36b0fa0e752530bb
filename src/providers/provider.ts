import type { ChunkChoice, CompletionChoice } from "../core/chat/chunk.js";
import type { ChatRequest, WireRequest } from "../core/chat/request.js";
import type { ReasoningPlace } from "../core/chat/vendor-echo.js";
import type { Failure } from "../core/failure.js";
import type { Headers } from "../core/headers.js";
import type { RefusalRule } from "../core/retry/refusal-window.js";
import type { FormChoice } from "./api-form.js";
import type { HostedTools } from "./hosted/tools.js";
import type { Endpoint } from "./shared/endpoint.js";
import type { JobProtocol } from "./shared/job.js";
import type { SpeechRequest } from "./shared/speech.js";

/**
 * A field in the provider's dialog that only this service has. Its label and hint are in chat-provider's locale under
 * `chat-provider.setting.<provider>.<name>` and `…Hint`; those of a choice under `….<name>Choice.<value>`, and
 * `….<name>Choice.default` for the empty value.
 */
export interface ProviderSetting {
  readonly name: string;
  readonly kind: "text" | "number" | "choice" | "tick";
  /** The values of a choice; `""` leaves it to the service. */
  readonly choices?: readonly string[];
  /** The default. If not given: empty, not ticked, the first choice. */
  readonly value?: string | number | boolean;
  /** Whether the service cannot be used without it; default false. */
  readonly required?: boolean;
  /** Whether several services have it, with texts under `chat-provider.setting.shared.<name>`; default false. */
  readonly shared?: boolean;
}

/** Properties of a model that help an author to choose one. */
export type Capability = "vision" | "tools" | "reasoning" | "webSearch" | "offline" | "deprecated";

/** Fields that this package adds to a Responses request unasked. A request leaves out those that its model has refused. */
export type OptionalField = "encryptedReasoning" | "reasoningSummary" | "store" | "phase";

/** What earlier answers and refusals of a service revealed; shared by all streams of one provider node. */
export interface ProviderMemory {
  /** The service refuses `stream_options`, so they are not sent again. */
  refusesStreamOptions?: boolean;
  /** Where the service has reasoning, and so where it takes it back. */
  reasoningPlace?: ReasoningPlace;
  /** The service takes no JSON Schema for the answer, but `json_object`. */
  refusesSchemas?: boolean;
  /** The service refuses the reasoning of earlier answers. */
  refusesReasoning?: boolean;
  /** The service refuses an answer of a turn with tool calls that lacks its field for reasoning. */
  needsReasoning?: boolean;
  /** Optional fields of a Responses request that a model has refused, by the model's name. */
  refusedFields?: Readonly<Record<string, readonly OptionalField[]>>;
  /** The service cannot read the encrypted reasoning in this conversation. Never shared: it holds for one run only. */
  refusesEncrypted?: boolean;
}

/** How to read an answer again that the service keeps, and how to stop it. */
export interface BackgroundProtocol {
  /** Whether the service keeps answers for this endpoint, if a request asks for it by `background`. */
  isOffered(endpoint: Endpoint): boolean;
  /**
   * Builds the request that streams the answer again.
   * @param after number of the record behind which the stream begins; without it, the stream begins with the first record
   */
  buildResumeRequest(id: string, endpoint: Endpoint, after?: number): WireRequest;
  /** Builds the request that stops the answer. */
  buildCancelRequest(id: string, endpoint: Endpoint): WireRequest;
}

/** How to get the rest of an answer that the service has paused. */
export interface PauseProtocol {
  /** Whether an answer that calls the author's tools goes on, too. Default: false, it waits for their results. */
  readonly continuesCalls?: boolean;
  /** Whether an answer with this finish reason of the service's own is only paused. */
  isPause(reason: string): boolean;
  /**
   * Whether the service gave what the request for the rest needs. Default: it needs nothing.
   * @param end what the service said at the end of the answer so far
   * @param latest the latest request
   */
  canContinue?(end: ChunkChoice, latest: ChatRequest): boolean;
  /**
   * Builds the request for the rest.
   * @param request the request for the answer
   * @param choice the answer so far
   */
  buildNextRequest(request: ChatRequest, choice: CompletionChoice): ChatRequest;
}

/**
 * A service: how requests to it are written, and what its responses outside a stream mean. Pure: it opens no sockets and
 * reads no clock.
 */
export interface Provider extends FormChoice {
  readonly id: string;
  /** Name shown in the editor and in error messages. */
  readonly label: string;
  /** Whether every request needs a key. */
  readonly keyRequired: boolean;
  /** The environment variable that usually holds the key. */
  readonly keyVariable?: string;
  /**
   * Chooses the model of a request that names none.
   * @returns undefined if the service needs a name
   */
  chooseModel?(endpoint: Endpoint): string | undefined;
  /** Whether the model continues an assistant's message at the end of the conversation; default false. */
  readonly prefill?: boolean;
  /** Whether it may report an answer in Responses as complete although the limit of tokens cut it off; default false. */
  readonly hidesLimit?: boolean;
  /** The rule by which the service blocks a key after too many refusals, if it has one. */
  readonly refusalRule?: RefusalRule;
  /** Fields of the dialog for this service alone. Their values arrive in `Endpoint.settings`. */
  readonly settings?: readonly ProviderSetting[];

  /** How answers are read again that the service keeps; undefined if it keeps none. */
  readonly background?: BackgroundProtocol;
  /** The tools that the service runs itself; undefined if it has none that are known here. */
  readonly hostedTools?: HostedTools;
  /** How answers go on that the service pauses; undefined if it pauses none. */
  readonly pauses?: PauseProtocol;
  /** The protocol of the jobs that streams belong to, if the service bills by job. */
  readonly job?: JobProtocol;

  /**
   * Builds the request for an answer.
   * @param memory what earlier answers and refusals of the service revealed
   * @throws Failure `invalid_request` for anything that the service cannot take
   */
  buildChatRequest(request: ChatRequest, endpoint: Endpoint, memory: ProviderMemory): WireRequest;
  /** Builds the request to speak a text; undefined if the service has no speech. */
  buildSpeechRequest?(request: SpeechRequest, endpoint: Endpoint): WireRequest;
  /** Builds the request for the model list. */
  buildModelsRequest(endpoint: Endpoint): WireRequest;
  /**
   * Reads the model list.
   * @returns names in the order of the service
   * @throws Failure `bad_response` if the body is not such a list
   */
  readModelNames(body: unknown, endpoint: Endpoint): string[];
  /** Reads a response with an error status. @param now wall-clock milliseconds since 1970, for hints that are dates */
  readError(status: number, headers: Headers, body: string, now: number): Failure;
  /** Reads a warning for the author from the headers of a successful response. */
  readNotice?(headers: Headers): string | undefined;
  /** Reads from the model list how many workers there are, if the models run on workers. */
  countWorkers?(body: unknown): number | undefined;
  /** Reads the capabilities of each model from the model list. */
  readCapabilities?(body: unknown): Readonly<Record<string, readonly Capability[]>>;
  /**
   * How much is left to spend, if the service reports it. Unlike the model list, which may be public, it also proves that
   * the key is valid. A valid key that lacks the right to ask is refused as `permission`, not as `authentication`.
   */
  readonly balance?: {
    /** Builds the request for the balance. */
    request(endpoint: Endpoint): WireRequest;
    /** @returns an amount with its unit, such as `3.20 USD`; undefined if the body has none */
    read(body: unknown): string | undefined;
  };
  /**
   * Decides whether a refused request is worth sending once more in another form.
   * @param memory what was known when the refused request was built
   * @param target the model of the request and where it went; default: unknown
   * @returns what to remember for the next request; undefined if there is nothing to change
   */
  learn?(
    status: number,
    body: string,
    memory: ProviderMemory,
    target?: { model: string; endpoint: Endpoint },
  ): ProviderMemory | undefined;
}
