import type { AssistantMessage, Chunk } from "../../core/chat/chunk.js";
import { CompletionMachine } from "../../core/chat/completion.js";
import { isRichChoice } from "../../dialects/chunk-kind.js";
import { addToCompletion } from "../messages/assembly.js";
import type { StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";

/** One turn of a run: what the model says and which tools it calls, read from its stream in order. */
export class Turn {
  private readonly machine = new CompletionMachine();

  /** @param source id of the turn's own stream. A call without an id gets one that is made of it */
  constructor(readonly source: string) {}

  get text(): string {
    return this.machine.text;
  }

  get finishReason(): string {
    return this.machine.finishReason;
  }

  /** @returns the model's message so far */
  buildAnswer(): AssistantMessage | undefined {
    return this.machine.buildCompletion(this.source).choices[0]?.message;
  }

  /**
   * Reads a message, and takes the calls out of it.
   * @returns whether anything is left for the reader
   * @throws Failure `limit`, or `bad_response` if the payload is no text
   */
  read(message: StreamMessage): boolean {
    const chunk = addToCompletion(this.machine, message);
    if (message.complete === true || !chunk) return true;
    return takeCallsOut(message, chunk, this.finishReason === "tool_calls");
  }
}

/**
 * Takes the tool calls of the first choice out of a message's chunk: they are the router's business, and a reader would
 * put those of several turns together. Nobody answers those of another choice (`n`), so the reader keeps them.
 * @param isCalling whether the turn has called a tool, so that its end is not the run's
 * @returns whether anything is left to send
 */
function takeCallsOut(message: Message, chunk: Chunk, isCalling: boolean): boolean {
  let isTaken = false;
  for (const choice of chunk.choices) {
    if (choice.index === 0 && choice.delta.tool_calls) {
      delete choice.delta.tool_calls;
      isTaken = true;
    }
    if (isCalling && choice.finish_reason) choice.finish_reason = null;
  }
  if (isCalling) delete chunk.usage;
  if (!isTaken || chunk.choices.some(isRichChoice)) return true;
  delete message.chunk;
  return message.payload !== "";
}
