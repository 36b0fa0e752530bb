import type { Clock } from "../../core/clock.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../red/api.js";
import { StatusLine } from "../red/status-line.js";
import type { RetryStream } from "./stream.js";

const FILL = { again: "yellow", fallback: "blue" } as const;

/** Shows what becomes of the newest stream in repair, and counts its wait down; nothing while all goes well. */
export class RetryStatus {
  private readonly line: StatusLine;
  private tick: NodeJS.Timeout | undefined;

  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
    private readonly clock: Clock,
    /** Requests by one output. */
    private readonly attempts: number,
    /** Lists the streams in repair, oldest first. */
    private readonly listRepairs: () => Pick<RetryStream, "state" | "record">[],
  ) {
    this.line = new StatusLine(node);
  }

  show(): void {
    this.line.show(this.render);
  }

  close(): void {
    clearTimeout(this.tick);
    this.line.close();
  }

  private readonly render = (): NodeStatus => {
    const streams = this.listRepairs();
    const stream = streams.findLast(({ state }) => state.phase === "waiting") ?? streams.at(-1);
    if (!stream) return {};
    const { state } = stream;
    const { route, routeAttempts } = stream.record;
    const isWaiting = state.phase === "waiting";
    const leftMs = isWaiting ? Math.max(0, state.dueAt - this.clock.now()) : 0;
    const doing = isWaiting && state.isQueued ? "looking" : leftMs > 0 ? "waiting" : "asking";
    const text = this.red._(`retry.status.${route}-${doing}`, {
      attempt: isWaiting ? routeAttempts + 1 : routeAttempts,
      attempts: this.attempts,
      seconds: Math.ceil(leftMs / 1000),
    });
    if (leftMs > 0) this.showAgain(leftMs % 1000 || 1000);
    return { fill: FILL[route], shape: isWaiting ? "ring" : "dot", text };
  };

  private showAgain(milliseconds: number): void {
    clearTimeout(this.tick);
    this.tick = setTimeout(() => this.show(), milliseconds);
    this.tick.unref();
  }
}
