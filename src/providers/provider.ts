import type { ChatRequest, WireRequest } from "../core/chat/request.js";
import type { Headers } from "../core/errors/retry-hint.js";
import type { Failure } from "../core/failure.js";
import type { Endpoint } from "./shared/endpoint.js";
import type { JobProtocol } from "./shared/job.js";
import type { SpeechRequest } from "./shared/speech.js";

/**
 * A field in the dialog that only this service has. Its label and hint are in chat-provider's locale, at
 * `chat-provider.setting.<provider>.<name>` and `…Hint`; those of a choice at `….<name>Choice.<value>`, of its empty
 * value at `….<name>Choice.default`.
 */
export interface ProviderSetting {
  readonly name: string;
  readonly kind: "text" | "number" | "choice" | "tick";
  /** The values of a choice; `""` leaves it to the service. */
  readonly choices?: readonly string[];
  /** Default: empty, not ticked, the first choice. */
  readonly value?: string | number | boolean;
  /** Nothing works without it. */
  readonly required?: boolean;
  /** Several services have it: its words are at `chat-provider.setting.shared.<name>`. */
  readonly shared?: boolean;
}

/** What an author wants to know of a model before he chooses it. */
export type Capability = "vision" | "tools" | "reasoning" | "webSearch" | "offline" | "deprecated";

/** What has been learnt of a service while talking to it; shared by all streams of one provider. */
export interface ProviderMemory {
  /** The service refuses `stream_options`: not sent again. */
  refusesStreamOptions?: boolean;
}

/** A service: where to send what, and what its errors mean. Pure: no sockets, no clock. */
export interface Provider {
  readonly id: string;
  /** As shown in the editor. */
  readonly label: string;
  /** The service's own address; undefined where only the author can know it. */
  readonly baseUrl?: string;
  /** Whether nothing works without a key. */
  readonly keyRequired: boolean;
  /** The environment variable that usually holds the key. */
  readonly keyVariable?: string;
  /** Whether it goes on from an assistant's message that stands last. */
  readonly prefill?: boolean;
  /** What the author sets for this service alone; the values come as `Endpoint.settings`. */
  readonly settings?: readonly ProviderSetting[];

  /** The job that each stream of it is part of, where it wants one. */
  readonly job?: JobProtocol;

  chat(request: ChatRequest, endpoint: Endpoint, memory: ProviderMemory): WireRequest;
  /** Has a text spoken, where the service can. */
  speech?(request: SpeechRequest, endpoint: Endpoint): WireRequest;
  models(endpoint: Endpoint): WireRequest;
  /** @returns names in the order of the service. */
  modelNames(body: unknown, endpoint: Endpoint): string[];
  /** What a response that is no success says. */
  failure(status: number, headers: Headers, body: string, now: number): Failure;
  /** What the headers of a success want the author to know. */
  notice?(headers: Headers): string | undefined;
  /** Capabilities by model, of a list that tells them. */
  capabilities?(body: unknown): Readonly<Record<string, readonly Capability[]>>;
  /**
   * What is left to spend, where the service tells. It proves the key too: a list of models may be open to everybody, and
   * a key that only may not ask for this is not refused as `authentication`.
   */
  readonly balance?: {
    request(endpoint: Endpoint): WireRequest;
    /** @returns an amount with its unit, "3.20 USD"; undefined where the body says nothing of it */
    read(body: unknown): string | undefined;
  };
  /**
   * What a refusal tells of the service, if the same request is to be sent once more, made with that in mind.
   * @param memory what was known when the refused request was made
   */
  learn?(status: number, body: string, memory: ProviderMemory): ProviderMemory | undefined;
}
