import type { Failure } from "../core/failure.js";
import type { ChatRequest, WireRequest } from "../core/request.js";
import type { Headers } from "../core/retry-hint.js";

/** Where a service lives and how to be let in. */
export interface Endpoint {
  /** With the path up to and without the last part, `https://api.openai.com/v1`. */
  baseUrl: string;
  apiKey?: string;
  /** Further headers, secret or not. */
  headers?: Readonly<Record<string, string>>;
}

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

  chat(request: ChatRequest, endpoint: Endpoint, memory: ProviderMemory): WireRequest;
  models(endpoint: Endpoint): WireRequest;
  /** @returns names in the order of the service. */
  modelNames(body: unknown): string[];
  /** What a response that is no success says. */
  failure(status: number, headers: Headers, body: string, now: number): Failure;
  /** Whether the same request may be sent once more, changed by what this failure taught (and `memory` took up). */
  learn(status: number, body: string, memory: ProviderMemory): boolean;
}
