import type { ChatResult } from "../../client/chat-run.js";
import type { Failure } from "../../core/failure.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../red/api.js";
import { StatusLine } from "../red/status-line.js";

interface Progress {
  chunks: number;
  since: number;
}

/** The status of a chat-stream: waiting, streaming, and how the last one ended. */
export class StreamStatus {
  private readonly line: StatusLine;
  private readonly live = new Map<string, Progress>();

  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
  ) {
    this.line = new StatusLine(node);
  }

  waiting(id: string): void {
    this.live.set(id, { chunks: 0, since: 0 });
    this.line.show(this.progress);
  }

  chunk(id: string): void {
    const progress = this.live.get(id);
    if (!progress) return;
    if (progress.chunks++ === 0) progress.since = performance.now();
    this.line.show(this.progress);
  }

  /** @param spoilt what went wrong after the answer itself had come */
  ended(id: string, result: ChatResult, spoilt?: Failure): void {
    this.live.delete(id);
    if (this.live.size > 0) {
      this.line.show(this.progress);
      return;
    }
    const { outcome, failure = spoilt, stats } = result;
    if (failure?.code === "configuration" || failure?.code === "credentials") {
      this.line.show(() => ({ fill: "red", shape: "ring", text: failure.code }));
    } else if (failure) {
      this.line.show(() => ({ fill: "red", shape: "dot", text: failure.code }));
    } else if (outcome === "cancelled") {
      this.line.show(() => ({ fill: "grey", shape: "ring", text: this.word("cancelled") }));
    } else
      this.line.show(() => ({
        // The answer is whole; its job is not as it should be.
        fill: result.job?.warning ? "yellow" : "green",
        shape: "dot",
        text: this.word("done", { chunks: stats.chunks }),
      }));
  }

  close(): void {
    this.line.close();
  }

  private readonly progress = (): NodeStatus => {
    const now = performance.now();
    let chunks = 0;
    let rate = 0;
    for (const one of this.live.values()) {
      chunks += one.chunks;
      if (one.chunks > 1) rate += ((one.chunks - 1) * 1000) / Math.max(1, now - one.since);
    }
    const many = this.live.size > 1 ? `${this.live.size} × ` : "";
    if (chunks === 0) return { fill: "blue", shape: "ring", text: many + this.word("waiting") };
    return {
      fill: "blue",
      shape: "dot",
      text: many + this.word("streaming", { chunks, rate: Math.round(rate) }),
    };
  };

  private word(key: string, values: Record<string, string | number> = {}): string {
    return this.red._(`chat-stream.status.${key}`, values);
  }
}
