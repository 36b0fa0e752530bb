import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import type { Dispatcher } from "undici";
import type { ChatResult, Chunk, FailureCode, Phase } from "../../../src/index.js";
import { type ChatOptions, Failure, startChat } from "../../../src/index.js";
import { waitTicks } from "../waiting.js";

/** The key that every test asks with. It must be seen nowhere but in the request's header. */
export const CANARY: string = `sk-canary-${randomUUID()}`;

/** Long enough never to matter; a test shortens the one it is about. */
const PATIENT = {
  connect: 5_000,
  headers: 5_000,
  firstChunk: 5_000,
  idle: 5_000,
  progress: 5_000,
  total: 15_000,
  drain: 5_000,
};

/** Who is asked. */
export interface StreamTarget {
  url: string;
  agent: Dispatcher;
}

/** All that a stream told, and its end. */
export interface ReceivedAnswer {
  text: string;
  texts: string[];
  chunks: Chunk[];
  result: ChatResult;
}

/** A stream under way. */
export interface StartedStream {
  /** Answer text so far. */
  getText(): string;
  /** Resolves with its one end, once nothing can follow it any more. */
  finished: Promise<ReceivedAnswer>;
  cancel(): void;
}

/** The options of a question to a server, with what a test is about laid over them. */
export function buildChatOptions(asked: StreamTarget, options: Partial<ChatOptions> = {}): ChatOptions {
  return {
    provider: "custom",
    baseUrl: asked.url,
    apiKey: CANARY,
    model: "m",
    messages: [{ role: "user", content: "hello" }],
    dispatcher: asked.agent,
    ...options,
    timeouts: { ...PATIENT, ...options.timeouts },
  };
}

/**
 * Asks, and watches the laws that hold for every stream: one end, nothing after it, text that is the answer's or
 * (where the stream ended early) what it says it got, and no key in anything that was told.
 * @param onText called with each piece as it comes
 */
export function startStream(
  asked: StreamTarget,
  options: Partial<ChatOptions> = {},
  onText: (text: string) => void = () => {},
): StartedStream {
  const told: Omit<ReceivedAnswer, "result"> = { text: "", texts: [], chunks: [] };
  const ends: ChatResult[] = [];
  let late = false;
  let running: { cancel(): void } | undefined;
  const ended = new Promise<ChatResult>((resolve) => {
    const take = (text: string) => {
      if (ends.length > 0) late = true;
      told.text += text;
      if (text !== "") told.texts.push(text);
      onText(text);
    };
    running = startChat(buildChatOptions(asked, options), {
      onText: take,
      onChunk: (chunk, text) => {
        told.chunks.push(chunk);
        take(text);
      },
      onEnd: (result) => {
        ends.push(result);
        resolve(result);
      },
    });
  });
  return {
    getText: () => told.text,
    cancel: () => running!.cancel(),
    finished: ended.then(async (result) => {
      await waitTicks();
      assert.equal(ends.length, 1, "a stream has one end");
      assert.equal(late, false, "nothing comes after the end");
      const whole = { ...told, result };
      assertLaws(whole);
      return whole;
    }),
  };
}

/** Asks and waits for the end. */
export function ask(asked: StreamTarget, options: Partial<ChatOptions> = {}): Promise<ReceivedAnswer> {
  return startStream(asked, options).finished;
}

/** Asserts that a stream failed, and how. @returns the failure, for what a test wants to know beyond */
export function assertStreamFailed(
  { result, text }: ReceivedAnswer,
  code: FailureCode,
  expected: { phase: Phase; retryable: boolean; partial?: string; status?: number },
): Failure {
  const { failure } = result;
  assert.ok(failure, `it should have failed with ${code} but was ${result.outcome}`);
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

/** Asserts that a stream ended well, with this text. */
export function assertStreamComplete(
  { result, text }: ReceivedAnswer,
  expected: string,
  reason: string = "stop",
): void {
  assert.equal(result.failure?.message, undefined);
  assert.deepEqual([result.outcome, result.finishReason, text], ["complete", reason, expected]);
}

/** Whether a text shows a secret, plainly or in one of the forms it takes on the wire. */
export function containsSecret(text: string, secret: string = CANARY): boolean {
  const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")];
  return forms.some((form) => text.includes(form));
}

function assertLaws({ text, result }: ReceivedAnswer): void {
  const { completion, failure } = result;
  assert.equal(completion.choices[0]?.message.content ?? "", text, "payloads joined are the answer");
  assert.equal(result.outcome === "failed", failure !== undefined);
  if (failure) {
    assert.deepEqual([failure.partial, failure.provider], [text, "custom"]);
    assert.equal(result.finishReason, "error");
    assert.equal(failure.cause, undefined, "a cause would publish what we do not know");
  }
  const all = inspect(result, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  for (const said of [all, JSON.stringify({ ...result, completion }), failure?.stack ?? ""]) {
    assert.ok(!containsSecret(said), "the key was told");
  }
}

/** For `assert.rejects`: whether what was thrown is this failure. */
export function matchFailure(code: FailureCode, partial?: string): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof Failure);
    assert.equal(thrown.code, code);
    if (partial !== undefined) assert.equal(thrown.partial, partial);
    return true;
  };
}
