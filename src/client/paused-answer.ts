import type { Chunk } from "../core/chat/chunk.js";
import type { CompletionMachine } from "../core/chat/completion.js";
import { type ChatRequest, readChoiceCount } from "../core/chat/request.js";
import type { ChatSetup } from "./chat-types.js";

/** How often an answer is continued that its service pauses. After that, it ends as it was paused. */
const MAX_CONTINUATIONS = 8;

/** Continues an answer that its service pauses, with one request for each part. */
export class PausedAnswer {
  /** How many parts were asked for, beside the first one. */
  continuations = 0;
  /** The request to send: for the answer, or for its next part. */
  request: ChatRequest;

  /** @param machine has the answer so far */
  constructor(
    private readonly setup: ChatSetup,
    private readonly machine: CompletionMachine,
  ) {
    this.request = setup.request;
  }

  /** Whether the answer is paused and has to be continued. */
  get isDue(): boolean {
    const { machine, setup } = this;
    const { pauses } = setup.provider;
    const reason = machine.nativeFinishReason ?? machine.rawFinishReason;
    if (!pauses || reason === undefined || !pauses.isPause(reason)) return false;
    return (
      this.continuations < MAX_CONTINUATIONS &&
      (machine.toolCallCount === 0 || pauses.continuesCalls === true) &&
      readChoiceCount(setup.request) === 1 &&
      pauses.canContinue?.(machine.buildClosingChunk().choices[0]!, this.request) !== false
    );
  }

  /** Lets the answer go on, and builds the request for its next part. */
  continueAnswer(): void {
    const { machine, setup } = this;
    const choice = machine.buildCompletion(setup.id).choices[0]!;
    this.continuations++;
    machine.reopen();
    this.request = setup.provider.pauses!.buildNextRequest(setup.request, choice);
  }
}

/** Removes the finish reasons from a chunk, because the answer goes on. */
export function hidePause(chunk: Chunk): Chunk {
  const choices = chunk.choices.map(({ native_finish_reason: _, ...choice }) => ({
    ...choice,
    finish_reason: null,
  }));
  return { ...chunk, choices };
}
