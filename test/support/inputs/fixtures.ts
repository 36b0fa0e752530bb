import type { Completion, CompletionChoice, Usage } from "../../../src/core/chat/chunk.js";
import type { FailureCode } from "../../../src/core/failure.js";

/**
 * One peculiarity of a service: the bytes it sends, and the result they must have. Fixtures are built from public
 * documentation and issue reports. None is a recording of a live service.
 */
export interface Fixture {
  /** How the stream is read, as the title of a test. */
  name: string;
  /** The body of the response. */
  body: Buffer;
  /** The content type of the response. Default: `text/event-stream`. */
  contentType?: string;
  /** Names of the tools in the request. */
  tools?: readonly string[];
  /** How many tokens the answer may have. */
  maxTokens?: number;
  /** Whether records that are not JSON are skipped and counted. */
  tolerant?: boolean;
  expect: Expected;
}

/** The result that a fixture must have. */
export interface Expected {
  /** The text of each message that has text, of the first choice, in order. */
  texts: readonly string[];
  /** The number of messages before the last one. Default: the number of texts. */
  messages?: number;
  /** The finish reason of the message contract. Default: `stop`. */
  finishReason?: string;
  /** The failure of the stream. Default: none. `says` matches its message. */
  failure?: { code: FailureCode; retryable?: boolean; status?: number; retryAfterMs?: number; says?: RegExp };
  /** Default: `null`. */
  usage?: Usage | null;
  /** The choices of the completion. Fields that are left out have their usual value. */
  choices?: readonly Partial<CompletionChoice>[];
  /** More fields of the completion. Fields that are left out are not compared. */
  completion?: Partial<Completion>;
  /** The number of skipped records. Default: 0. */
  skipped?: number;
}
