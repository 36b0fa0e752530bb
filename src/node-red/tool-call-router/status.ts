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
    /** Lists the open runs, oldest first. */
    private readonly listRuns: () => Pick<RouterRun, "state" | "record">[],
  ) {
    this.line = new StatusLine(node);
  }

  show(): void {
    this.line.show(this.render);
  }

  /** @param code code of a failure; "" if all is well again */
  showFailure(code: string): void {
    this.failed = code;
    this.show();
  }

  close(): void {
    this.line.close();
  }

  private readonly render = (): NodeStatus => {
    const runs = this.listRuns();
    const run = runs.at(-1);
    if (!run) return this.failed === "" ? {} : { fill: "red", shape: "dot", text: this.failed };
    const many = runs.length > 1 ? `${runs.length} × ` : "";
    const { state } = run;
    const { round, timedOutTool: name, progress } = run.record;
    const count = state.phase === "calling" ? state.round.openCalls.length : 0;
    if (count > 0) {
      const text = this.word(count === 1 ? "tool" : "tools", { round, count });
      return { fill: "blue", shape: "ring", text: many + text + (progress === "" ? "" : ` · ${progress}`) };
    }
    if (name !== "")
      return { fill: "yellow", shape: "dot", text: many + this.word("timed-out", { round, name }) };
    const shape = state.phase === "asked" ? "ring" : "dot";
    return { fill: "blue", shape, text: many + this.word("round", { round }) };
  };

  private word(key: string, values: Record<string, string | number>): string {
    return this.red._(`tool-call-router.status.${key}`, values);
  }
}
