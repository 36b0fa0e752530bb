import { asFailure } from "../core/failure.js";
import { failureOf, resultOf, type ToolResult } from "../core/tool-result.js";
import { Assembly } from "./assembly.js";
import type { Message } from "./red.js";
import { isStream } from "./router-message.js";

/** Answers to the calls of one turn that come as streams, a tool being a chat-stream itself, by the calls' ids. */
export class StreamedAnswers {
  private readonly streams = new Map<string, Assembly>();

  /**
   * What a message answers to a call: its payload or its error, and a stream's once it is whole.
   * @param most characters of a result
   * @returns undefined where more is to come
   */
  take(id: string, message: Message, most: number): ToolResult | undefined {
    const { payload, error } = message;
    if (!isStream(message))
      return (error ?? undefined) === undefined ? resultOf(payload, most) : failureOf(error, most);
    const stream = this.streams.get(id) ?? new Assembly();
    this.streams.set(id, stream);
    try {
      stream.add(message);
    } catch (thrown) {
      return failureOf(asFailure(thrown), most);
    }
    if (!stream.whole) return undefined;
    const failure = stream.last?.error;
    return failure === undefined ? resultOf(stream.machine.text, most) : failureOf(failure, most);
  }

  /** The stream begins again. */
  forget(id: string): void {
    this.streams.delete(id);
  }

  clear(): void {
    this.streams.clear();
  }
}
