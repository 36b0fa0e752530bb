import type { NodeStatus, RuntimeNode } from "./api.js";

/** At most four updates a second: the editor's websocket is shared by all nodes. */
const MIN_INTERVAL_MS = 250;

/** A node's status, throttled; the last state always gets shown, and nothing after close. */
export class StatusLine {
  private timer: NodeJS.Timeout | undefined;
  private render: () => NodeStatus = () => ({});
  private shownText = "";
  private shownAt = Number.NEGATIVE_INFINITY;
  private isClosed = false;

  constructor(private readonly node: RuntimeNode) {}

  /**
   * @param render called when it is time to show; so a caller may say so for each of a thousand chunks. Never at
   *   once: what is asked of a service is under way before the editor hears of it.
   */
  show(render: () => NodeStatus): void {
    if (this.isClosed) return;
    this.render = render;
    if (this.timer !== undefined) return;
    this.timer = setTimeout(this.update, Math.max(0, this.shownAt + MIN_INTERVAL_MS - performance.now()));
    this.timer.unref();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private readonly update = (): void => {
    this.timer = undefined;
    const status = this.render();
    const text = JSON.stringify(status);
    if (text === this.shownText) return;
    this.shownText = text;
    this.shownAt = performance.now();
    this.node.status(status);
  };
}
