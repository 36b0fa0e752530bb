import type { NodeStatus, RuntimeNode } from "./api.js";

/** At most four updates a second: the editor's websocket is shared by all nodes. */
const INTERVAL = 250;

/** A node's status, throttled; the last state always gets shown, and nothing after close. */
export class StatusLine {
  private timer: NodeJS.Timeout | undefined;
  private render: () => NodeStatus = () => ({});
  private shown = "";
  private shownAt = Number.NEGATIVE_INFINITY;
  private closed = false;

  constructor(private readonly node: RuntimeNode) {}

  /**
   * @param render called when it is time to show; so a caller may say so for each of a thousand chunks. Never at
   *   once: what is asked of a service is under way before the editor hears of it.
   */
  show(render: () => NodeStatus): void {
    if (this.closed) return;
    this.render = render;
    if (this.timer !== undefined) return;
    this.timer = setTimeout(this.update, Math.max(0, this.shownAt + INTERVAL - performance.now()));
    this.timer.unref();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private readonly update = (): void => {
    this.timer = undefined;
    const status = this.render();
    const text = JSON.stringify(status);
    if (text === this.shown) return;
    this.shown = text;
    this.shownAt = performance.now();
    this.node.status(status);
  };
}
