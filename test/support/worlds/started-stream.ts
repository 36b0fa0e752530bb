import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import type { Dispatcher } from "undici";
import type { ChatResult, Chunk, FailureCode, Phase } from "../../../src/index.js";
import { type ChatOptions, Failure, startChat } from "../../../src/index.js";
import { MAX_WAIT_MS, waitTicks } from "../waiting.js";

/** The API key of every request. It must appear only in the header of the request. */
export const CANARY: string = `sk-canary-${randomUUID()}`;

/** A deadline in milliseconds: short enough to wait for, long enough for a busy machine. */
export const SHORT_MS = 40;

/** Deadlines in milliseconds that never pass in a test. A test shortens the one that it is about. */
const LONG_TIMEOUTS = {
  connect: MAX_WAIT_MS,
  headers: MAX_WAIT_MS,
  firstChunk: MAX_WAIT_MS,
  idle: MAX_WAIT_MS,
  progress: MAX_WAIT_MS,
  total: MAX_WAIT_MS,
  drain: MAX_WAIT_MS,
};

/** Where a request goes: a base URL, and the connection pool for it. */
export interface StreamTarget {
  url: string;
  agent: Dispatcher;
}

/** Everything that a stream sent. */
export interface ReceivedAnswer {
  /** The whole text. */
  text: string;
  /** The text of each callback, without empty ones. */
  texts: string[];
  chunks: Chunk[];
  result: ChatResult;
}

/** A running stream. */
export interface StartedStream {
  /** Returns the answer text so far. */
  getText(): string;
  /** Resolves when the stream has ended and nothing more came for some ticks. */
  finished: Promise<ReceivedAnswer>;
  cancel(): void;
}

/** Builds the options of a request. @param options override the usual ones; timeouts one by one */
export function buildChatOptions(target: StreamTarget, options: Partial<ChatOptions> = {}): ChatOptions {
  return {
    provider: "custom",
    baseUrl: target.url,
    apiKey: CANARY,
    model: "m",
    messages: [{ role: "user", content: "hello" }],
    dispatcher: target.agent,
    ...options,
    timeouts: { ...LONG_TIMEOUTS, ...options.timeouts },
  };
}

/**
 * Starts a stream and asserts the laws of every stream: it ends once, sends nothing afterwards, its text is the text of
 * the completion and of a failure's `partial`, and the key is in no result.
 * @param onText called with the text of each callback
 */
export function startStream(
  target: StreamTarget,
  options: Partial<ChatOptions> = {},
  onText: (text: string) => void = () => {},
): StartedStream {
  const received: Omit<ReceivedAnswer, "result"> = { text: "", texts: [], chunks: [] };
  const ends: ChatResult[] = [];
  let cameLate = false;
  let running: { cancel(): void } | undefined;
  const ended = new Promise<ChatResult>((resolve) => {
    const addText = (text: string) => {
      if (ends.length > 0) cameLate = true;
      received.text += text;
      if (text !== "") received.texts.push(text);
      onText(text);
    };
    running = startChat(buildChatOptions(target, options), {
      onText: addText,
      onChunk: (chunk, text) => {
        received.chunks.push(chunk);
        addText(text);
      },
      onEnd: (result) => {
        ends.push(result);
        resolve(result);
      },
    });
  });
  return {
    getText: () => received.text,
    cancel: () => running!.cancel(),
    finished: ended.then(async (result) => {
      await waitTicks();
      assert.equal(ends.length, 1, "a stream has one end");
      assert.equal(cameLate, false, "nothing comes after the end");
      const answer = { ...received, result };
      assertLaws(answer);
      return answer;
    }),
  };
}

/** Starts a stream and waits for its end. */
export function ask(target: StreamTarget, options: Partial<ChatOptions> = {}): Promise<ReceivedAnswer> {
  return startStream(target, options).finished;
}

/** Asserts that a stream failed in this way. @returns the failure */
export function assertStreamFailed(
  { result, text }: ReceivedAnswer,
  code: FailureCode,
  expected: { phase: Phase; retryable: boolean; partial?: string; status?: number },
): Failure {
  const { failure } = result;
  assert.ok(failure, `the stream should fail with ${code}, but its outcome is ${result.outcome}`);
  const { partial = "", ...rest } = expected;
  assert.deepEqual(
    {
      code: failure.code,
      phase: failure.phase,
      retryable: failure.retryable,
      status: failure.status,
      partial: failure.partial,
    },
    { status: undefined, ...rest, code, partial },
    failure.message,
  );
  assert.equal(text, partial);
  return failure;
}

/** Asserts that a stream completed with this text. */
export function assertStreamComplete(
  { result, text }: ReceivedAnswer,
  expected: string,
  reason: string = "stop",
): void {
  assert.equal(result.failure?.message, undefined);
  assert.deepEqual([result.outcome, result.finishReason, text], ["complete", reason, expected]);
}

/** Whether a text contains a secret, as it is or in a form that it has on the wire. */
export function containsSecret(text: string, secret: string = CANARY): boolean {
  const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")];
  return forms.some((form) => text.includes(form));
}

function assertLaws({ text, result }: ReceivedAnswer): void {
  const { completion, failure } = result;
  assert.equal(completion.choices[0]?.message.content ?? "", text, "the joined texts are the answer");
  assert.equal(result.outcome === "failed", failure !== undefined);
  if (failure) {
    assert.deepEqual([failure.partial, failure.provider], [text, "custom"]);
    assert.equal(result.finishReason, "error");
    assertPlainCause(failure.cause);
  }
  const all = inspect(result, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  for (const text of [all, JSON.stringify({ ...result, completion }), failure?.stack ?? ""]) {
    assert.ok(!containsSecret(text), "the result contains the key");
  }
}

/** The error underneath is a copy: the error itself holds sockets, headers and data. */
function assertPlainCause(cause: unknown): void {
  if (cause === undefined) return;
  assert.ok(cause instanceof Error);
  const allowed = ["cause", "code", "message", "name", "stack"];
  assert.deepEqual(
    Object.getOwnPropertyNames(cause).filter((name) => !allowed.includes(name)),
    [],
  );
  assertPlainCause(cause.cause);
}

/** Creates a check for `assert.rejects`: the error is a failure with this code and, if given, this partial text. */
export function matchFailure(code: FailureCode, partial?: string): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof Failure);
    assert.equal(thrown.code, code);
    if (partial !== undefined) assert.equal(thrown.partial, partial);
    return true;
  };
}
