import type { Clock } from "../../core/clock.js";
import type { Sessions } from "../../core/lifecycle/sessions.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../red/api.js";
import { StatusLine } from "../red/status-line.js";
import type { RetrySession } from "./session.js";

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
    private readonly sessions: Sessions<RetrySession>,
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
    const repaired = this.sessions.list().filter(({ held, attempts }) => held || attempts > 1);
    const session = repaired.findLast(({ held }) => held) ?? repaired.at(-1);
    if (!session) return {};
    const { held, route, tries } = session;
    const left = held ? Math.max(0, held.due - this.clock.now()) : 0;
    const doing = held && held.looks > 0 ? "looking" : left > 0 ? "waiting" : "asking";
    const text = this.red._(`retry.status.${route}-${doing}`, {
      attempt: held ? tries + 1 : tries,
      attempts: this.attempts,
      seconds: Math.ceil(left / 1000),
    });
    if (held) this.showAgain(left % 1000 || 1000);
    return { fill: FILL[route], shape: held ? "ring" : "dot", text };
  };

  private showAgain(milliseconds: number): void {
    clearTimeout(this.tick);
    this.tick = setTimeout(() => this.show(), milliseconds);
    this.tick.unref();
  }
}
