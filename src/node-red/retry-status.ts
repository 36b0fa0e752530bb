import type { Clock } from "../core/clock.js";
import type { Sessions } from "../core/sessions.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "./red.js";
import type { RetrySession } from "./retry-session.js";
import { StatusLine } from "./status.js";

const FILL = { again: "yellow", fallback: "blue" } as const;

/** Shows what becomes of the newest stream in repair; nothing while all goes well. */
export class RetryStatus {
  private readonly line: StatusLine;

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
    this.line.close();
  }

  private readonly render = (): NodeStatus => {
    const repaired = this.sessions.list().filter(({ held, attempts }) => held || attempts > 1);
    const session = repaired.findLast(({ held }) => held) ?? repaired.at(-1);
    if (!session) return {};
    const { held, route, tries } = session;
    const seconds = held ? Math.max(0, Math.ceil((held.due - this.clock.now()) / 1000)) : 0;
    const text = this.red._(`retry.status.${route}-${seconds > 0 ? "waiting" : "asking"}`, {
      attempt: held ? tries + 1 : tries,
      attempts: this.attempts,
      seconds,
    });
    return { fill: FILL[route], shape: held ? "ring" : "dot", text };
  };
}
