import type { Sessions } from "../../core/lifecycle/sessions.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../red/api.js";
import { StatusLine } from "../red/status-line.js";
import type { RouterRun } from "./run.js";

/** Shows where the newest run stands; after a failure of the node's own, that one until something new begins. */
export class RouterStatus {
  private readonly line: StatusLine;
  private failed = "";

  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
    private readonly sessions: Sessions<RouterRun>,
  ) {
    this.line = new StatusLine(node);
  }

  show(): void {
    this.line.show(this.render);
  }

  /** @param code of a failure; empty: all is well again */
  failure(code: string): void {
    this.failed = code;
    this.show();
  }

  close(): void {
    this.line.close();
  }

  private readonly render = (): NodeStatus => {
    const run = this.sessions.list().at(-1);
    if (!run) return this.failed === "" ? {} : { fill: "red", shape: "dot", text: this.failed };
    const many = this.sessions.size > 1 ? `${this.sessions.size} × ` : "";
    const { round, phase, timedOut: name } = run;
    const count = run.calls?.openCalls.length ?? 0;
    if (count > 0) {
      const text = this.word(count === 1 ? "tool" : "tools", { round, count });
      return { fill: "blue", shape: "ring", text: many + text };
    }
    if (name !== "")
      return { fill: "yellow", shape: "dot", text: many + this.word("timed-out", { round, name }) };
    const shape = phase === "asked" ? "ring" : "dot";
    return { fill: "blue", shape, text: many + this.word("round", { round }) };
  };

  private word(key: string, values: Record<string, string | number>): string {
    return this.red._(`tool-call-router.status.${key}`, values);
  }
}
