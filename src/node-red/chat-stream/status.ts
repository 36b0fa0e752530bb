import type { ChatResult } from "../../client/chat-run.js";
import type { Failure } from "../../core/failure.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../red/api.js";
import { StatusLine } from "../red/status-line.js";

interface Progress {
  chunks: number;
  startedAt: number;
}

/** The status of a chat-stream: waiting, streaming, and how the last one ended. */
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
    this.line.show(this.progress);
  }

  countChunk(id: string): void {
    const renderProgress = this.streams.get(id);
    if (!renderProgress) return;
    if (renderProgress.chunks++ === 0) renderProgress.startedAt = performance.now();
    this.line.show(this.progress);
  }

  /** @param spoilt what went wrong after the answer itself had come */
  endStream(id: string, result: ChatResult, spoilt?: Failure): void {
    this.streams.delete(id);
    if (this.streams.size > 0) {
      this.line.show(this.progress);
      return;
    }
    const { outcome, failure = spoilt, stats } = result;
    if (failure?.code === "configuration" || failure?.code === "credentials") {
      this.line.show(() => ({ fill: "red", shape: "ring", text: failure.code }));
    } else if (failure) {
      this.line.show(() => ({ fill: "red", shape: "dot", text: failure.code }));
    } else if (outcome === "cancelled") {
      this.line.show(() => ({ fill: "grey", shape: "ring", text: this.translate("cancelled") }));
    } else
      this.line.show(() => ({
        // The answer is whole; its job is not as it should be.
        fill: result.job?.warning ? "yellow" : "green",
        shape: "dot",
        text: this.translate("done", { chunks: stats.chunks }),
      }));
  }

  close(): void {
    this.line.close();
  }

  private readonly progress = (): NodeStatus => {
    const now = performance.now();
    let chunks = 0;
    let rate = 0;
    for (const one of this.streams.values()) {
      chunks += one.chunks;
      if (one.chunks > 1) rate += ((one.chunks - 1) * 1000) / Math.max(1, now - one.startedAt);
    }
    const many = this.streams.size > 1 ? `${this.streams.size} × ` : "";
    if (chunks === 0) return { fill: "blue", shape: "ring", text: many + this.translate("waiting") };
    return {
      fill: "blue",
      shape: "dot",
      text: many + this.translate("streaming", { chunks, rate: Math.round(rate) }),
    };
  };

  private translate(key: string, values: Record<string, string | number> = {}): string {
    return this.red._(`chat-stream.status.${key}`, values);
  }
}
