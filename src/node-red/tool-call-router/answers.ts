import { toFailure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { type ToolResult, toFailedResult, toToolResult } from "../../core/tools/result.js";
import { Assembly } from "../messages/assembly.js";
import type { Message } from "../red/api.js";
import { isStream, type StreamMessage, type ToolCallTag } from "./messages.js";

/** Characters of a failure that are kept to know it again. */
const LONGEST_KEPT = 300;

/** The answers to a run's calls, by the calls' ids. One may come as a stream, a tool being a chat-stream itself. */
export class ToolAnswers {
  /** Those of the turn that still come, by the streams' ids: two that answer one call are not mixed. */
  private readonly streams = new Map<string, Map<string, Assembly>>();
  private readonly failures = new Map<string, string>();

  /**
   * What a message answers to a call: its payload or its error, and a stream's once it is whole.
   * @param most characters of a result
   * @returns undefined where more is to come
   */
  take(id: string, message: Message, most: number): ToolResult | undefined {
    const result = isStream(message) ? this.streamed(id, message, most) : resultFromMessage(message, most);
    if (result?.failed) this.failures.set(id, withoutPrefix(result.text).slice(0, LONGEST_KEPT));
    return result;
  }

  /** Whether a message tells once more how a call failed, as of a node that throws and sends on (core `http request`). */
  repeats(id: string, message: Message): boolean {
    const known = this.failures.get(id);
    return known !== undefined && resultFromMessage(message, 2 * LONGEST_KEPT).text.includes(known);
  }

  /** A stream begins again. */
  forget(id: string, { parts }: StreamMessage): void {
    this.streams.get(id)?.delete(parts.id);
  }

  /** What has not come yet is late from here on. */
  clear(): void {
    this.streams.clear();
  }

  private streamed(id: string, message: StreamMessage, most: number): ToolResult | undefined {
    const streams = this.streams.get(id) ?? new Map<string, Assembly>();
    this.streams.set(id, streams);
    const stream = streams.get(message.parts.id) ?? new Assembly();
    streams.set(message.parts.id, stream);
    try {
      stream.add(message);
    } catch (thrown) {
      return toFailedResult(toFailure(thrown), most);
    }
    return stream.isComplete
      ? resultFromMessage({ ...stream.last, payload: stream.machine.text }, most)
      : undefined;
  }
}

/**
 * What the author is told of an answer that nobody waits for.
 * @param call undefined where the message has lost it
 * @param count how many there were
 */
export function lateAnswer(call: ToolCallTag | undefined, count: number): string {
  const name = String(call?.name ?? "").slice(0, 80);
  const which = name === "" ? "" : ` of the tool “${name}”`;
  return `An answer to a call${which} came too late, or twice, and was dropped (${count} so far). Let a tool answer once, and within the time that this node gives it.`;
}

/** A node may leave an error on its message that is none: `null`, `false`, no text. */
function resultFromMessage({ payload, error }: Message, most: number): ToolResult {
  const failed = isObject(error) || (typeof error === "string" && error !== "");
  return failed ? toFailedResult(error, most) : toToolResult(payload, most);
}

function withoutPrefix(told: string): string {
  return told.replace(/^(Error: )+/, "");
}
