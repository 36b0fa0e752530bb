import { toFailure } from "../../../core/failure.js";
import { isObject } from "../../../core/json/parse.js";
import { type ToolResult, toFailedResult, toToolResult } from "../../../core/tools/result.js";
import { Assembly } from "../../messages/assembly.js";
import {
  isRestartNotice,
  isStreamMessage,
  readRestarts,
  type StreamMessage,
} from "../../messages/stream-message.js";
import type { Message } from "../../red/api.js";
import type { ToolCallTag } from "../classify.js";

/** How much of a failure is kept to recognize it when it comes once more. */
const MAX_KEPT_CHARS = 300;

/** An answer that arrives as a stream, since the tool is a chat-stream itself. */
interface StreamedAnswer {
  restarts: number;
  assembly: Assembly;
}

/** The answers to a run's calls, by the calls' ids. */
export class ToolAnswers {
  /** Streams that have not ended, by call and stream: two streams that answer one call are not mixed. */
  private readonly streams = new Map<string, StreamedAnswer>();
  private readonly failures = new Map<string, string>();

  /**
   * Reads what a message answers to a call: its payload or its error, and that of a stream once it is whole.
   * @param maxChars characters of a result
   * @returns undefined if more is to come
   */
  take(id: string, message: Message, maxChars: number): ToolResult | undefined {
    const result = isStreamMessage(message)
      ? this.takeStreamed(id, message, maxChars)
      : readResult(message, maxChars);
    if (result?.failed) this.failures.set(id, stripPrefix(result.text).slice(0, MAX_KEPT_CHARS));
    return result;
  }

  /** Whether a message tells once more how a call failed: core `http request` throws, and sends on as well. */
  isRepeatedFailure(id: string, message: Message): boolean {
    const known = this.failures.get(id);
    return known !== undefined && readResult(message, 2 * MAX_KEPT_CHARS).text.includes(known);
  }

  /** Forgets the streams that have not ended: what still comes of them is late. */
  clear(): void {
    this.streams.clear();
  }

  private takeStreamed(id: string, message: StreamMessage, maxChars: number): ToolResult | undefined {
    const stream = this.findStream(id, message);
    if (!stream || isRestartNotice(message)) return undefined;
    const { assembly } = stream;
    try {
      assembly.add(message);
    } catch (thrown) {
      return toFailedResult(toFailure(thrown), maxChars);
    }
    return assembly.isComplete
      ? readResult({ ...assembly.last, payload: assembly.machine.text }, maxChars)
      : undefined;
  }

  /** @returns the stream that a message belongs to; undefined if that has begun again since */
  private findStream(call: string, message: StreamMessage): StreamedAnswer | undefined {
    const key = JSON.stringify([call, message.parts.id]);
    const restarts = readRestarts(message);
    const known = this.streams.get(key);
    if (known && known.restarts >= restarts) return known.restarts === restarts ? known : undefined;
    const stream = { restarts, assembly: new Assembly() };
    this.streams.set(key, stream);
    return stream;
  }
}

/**
 * Describes an answer that nobody waits for, for the author.
 * @param call undefined if the message has lost it
 * @param count how many there were
 */
export function describeLateAnswer(call: ToolCallTag | undefined, count: number): string {
  const name = String(call?.name ?? "").slice(0, 80);
  const which = name === "" ? "" : ` of the tool “${name}”`;
  return `An answer to a call${which} came too late, or twice, and was dropped (${count} so far). Let a tool answer once, and within the time that this node gives it.`;
}

/** A node may leave an error on its message that is not one: `null`, `false`, an empty text. */
function readResult({ payload, error }: Message, maxChars: number): ToolResult {
  const hasFailed = isObject(error) || (typeof error === "string" && error !== "");
  return hasFailed ? toFailedResult(error, maxChars) : toToolResult(payload, maxChars);
}

function stripPrefix(text: string): string {
  return text.replace(/^(Error: )+/, "");
}
