import type { Chunk } from "../../core/chat/chunk.js";
import { readChunk } from "../../core/chat/chunk-guard.js";
import { CompletionMachine } from "../../core/chat/completion.js";
import type { Failure } from "../../core/failure.js";
import type { Message } from "../red/api.js";
import { type Sequenced, Sequencer } from "./sequencer.js";
import { isLastMessage, mayBeRestartNotice, requirePayloadText } from "./stream-message.js";

/** Puts the messages of one stream together into one completion, in the order of their indexes. */
export class Assembly {
  /** The answer so far. */
  readonly machine = new CompletionMachine();
  /** The stream's last message, once it has arrived. Earlier ones may still be missing. */
  last: Message | undefined;
  private readonly sequencer = new Sequencer<Message & Sequenced>(0, mayBeRestartNotice);

  /** @param onAdded called for each message in the order of the stream, once the completion has it, with its chunk if it has one */
  constructor(private readonly onAdded?: (message: Message, chunk: Chunk | undefined) => void) {}

  /**
   * Adds a message that has `parts.index`.
   * @throws Failure `limit` if the answer grows too long, `bad_response` if too many messages wait for a missing one, or a payload is no text
   */
  add(message: Message): void {
    if (isLastMessage(message)) this.last = message;
    this.sequencer.add(message as Message & Sequenced);
    this.appendDue();
    if (this.sequencer.isOverfull) throw this.createGapFailure();
  }

  /**
   * Lets a first message count that seemed to be none, once another was waited for in vain.
   * @returns whether anything was added
   * @throws Failure `limit`
   */
  addDoubtful(): boolean {
    const { next } = this;
    this.sequencer.trustDoubtful();
    this.appendDue();
    return this.next > next;
  }

  /** Whether the last message and all before it have arrived. */
  get isComplete(): boolean {
    return this.last !== undefined && this.sequencer.earlyCount === 0;
  }

  /** Index of the message that is added next. */
  get next(): number {
    return this.sequencer.next;
  }

  /** @returns a Failure `bad_response` that lists the missing messages */
  createGapFailure(): Failure {
    return this.sequencer.createGapFailure();
  }

  private appendDue(): void {
    for (let next = this.sequencer.take(); next; next = this.sequencer.take()) this.append(next);
  }

  private append(message: Message): void {
    const chunk = addToCompletion(this.machine, message);
    this.onAdded?.(message, chunk);
  }
}

/**
 * Adds the next message of a stream to a completion.
 * @returns its chunk, if it has one
 * @throws Failure `limit` if the answer grows too long, `bad_response` if the payload is no text
 */
export function addToCompletion(machine: CompletionMachine, message: Message): Chunk | undefined {
  const chunk = readChunk(message.chunk);
  const text = requirePayloadText(message);
  if (chunk) machine.addChunk(chunk, text);
  else if (text !== "") machine.addText(text);
  return chunk;
}
