import type { Completion, CompletionChoice, Usage } from "../../../src/core/chat/chunk.js";
import type { FailureCode } from "../../../src/core/failure.js";

/**
 * One habit of some service, as bytes and as what they must become. All are built after public documentation, issue
 * reports and the notes that the package's rules were drawn from; none is a recording of a live service.
 */
export interface Fixture {
  /** How the stream is read, as the title of a test. */
  name: string;
  /** The body of the response. */
  body: Buffer;
  /** The response's content type, by default an event stream's. */
  contentType?: string;
  /** Names of the tools that were offered. */
  tools?: readonly string[];
  /** Skip and count what is not JSON. */
  tolerant?: boolean;
  expect: Expected;
}

/** What a fixture becomes; what is left out is not compared, but for `failure`, `usage` and `texts`. */
export interface Expected {
  /** The text of each chunk that carries some, of the first choice, in order. */
  texts: readonly string[];
  /** How many messages a reader gets before the last one, where that is not the number of texts. */
  messages?: number;
  /** In the words of the message contract. */
  finishReason?: string;
  /** Why it fails; by default it does not. */
  failure?: { code: FailureCode; retryable?: boolean; status?: number; retryAfterMs?: number; says?: RegExp };
  usage?: Usage | null;
  /** The choices of the completion, each wholly, but for `index` and what `message` has by default. */
  choices?: readonly Partial<CompletionChoice>[];
  /** Further fields of the completion. */
  completion?: Partial<Completion>;
  skipped?: number;
}
