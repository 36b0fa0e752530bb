import type { ChatResult } from "../../client/chat-types.js";
import { isModelMissing } from "../../core/chat/request.js";
import type { Failure } from "../../core/failure.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../red/api.js";
import { StatusLine } from "../red/status-line.js";

/** Progress of one stream. */
interface Progress {
  chunks: number;
  /** Time of the first chunk, in milliseconds of `performance.now()`. */
  startedAt: number;
}

/** The status of a chat-stream node: waiting, streaming with the rate of chunks, and how the last stream ended. */
export class StreamStatus {
  private readonly line: StatusLine;
  private readonly streams = new Map<string, Progress>();

  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
  ) {
    this.line = new StatusLine(node);
  }

  addStream(id: string): void {
    this.streams.set(id, { chunks: 0, startedAt: 0 });
    this.line.show(this.renderProgress);
  }

  countChunk(id: string): void {
    const progress = this.streams.get(id);
    if (!progress) return;
    if (progress.chunks++ === 0) progress.startedAt = performance.now();
    this.line.show(this.renderProgress);
  }

  /** @param lateFailure what failed after the answer itself was whole */
  endStream(id: string, result: ChatResult, lateFailure?: Failure): void {
    this.streams.delete(id);
    if (this.streams.size > 0) {
      this.line.show(this.renderProgress);
      return;
    }
    const { outcome, failure = lateFailure, stats } = result;
    if (failure?.code === "configuration" || failure?.code === "credentials") {
      this.line.show(() => ({ fill: "red", shape: "ring", text: failure.code }));
    } else if (failure) {
      const text = isModelMissing(failure) ? this.translate("noModel") : failure.code;
      this.line.show(() => ({ fill: "red", shape: "dot", text }));
    } else if (outcome === "cancelled") {
      this.line.show(() => ({ fill: "grey", shape: "ring", text: this.translate("cancelled") }));
    } else
      this.line.show(() => ({
        // Yellow: the answer is whole, but its job did not end or was not charged as expected.
        fill: result.job?.warning ? "yellow" : "green",
        shape: "dot",
        text: this.translate(stats.chunks === 1 ? "doneOne" : "done", { chunks: stats.chunks }),
      }));
  }

  close(): void {
    this.line.close();
  }

  private readonly renderProgress = (): NodeStatus => {
    const now = performance.now();
    let chunks = 0;
    let rate = 0;
    for (const stream of this.streams.values()) {
      chunks += stream.chunks;
      if (stream.chunks > 1) rate += ((stream.chunks - 1) * 1000) / Math.max(1, now - stream.startedAt);
    }
    const prefix = this.streams.size > 1 ? `${this.streams.size} × ` : "";
    if (chunks === 0) return { fill: "blue", shape: "ring", text: prefix + this.translate("waiting") };
    return {
      fill: "blue",
      shape: "dot",
      text: prefix + this.translate("streaming", { chunks, rate: Math.round(rate) }),
    };
  };

  private translate(key: string, values: Record<string, string | number> = {}): string {
    return this.red._(`chat-stream.status.${key}`, values);
  }
}
