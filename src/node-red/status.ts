import type { NodeStatus, RuntimeNode } from "./red.js";

/** At most four updates a second: the editor's websocket is shared by all nodes. */
const INTERVAL = 250;

/** A node's status, throttled; the last state always gets shown, and nothing after close. */
export class StatusLine {
  private timer: NodeJS.Timeout | undefined;
  private render: (() => NodeStatus) | undefined;
  private shown = "";
  private closed = false;

  constructor(private readonly node: RuntimeNode) {}

  /** @param render called when it is time to show; so a caller may say so for each of a thousand chunks */
  show(render: () => NodeStatus): void {
    if (this.closed) return;
    this.render = render;
    if (this.timer !== undefined) return;
    this.update();
    this.timer = setTimeout(this.later, INTERVAL);
    this.timer.unref();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private readonly later = (): void => {
    this.timer = undefined;
    if (this.render) this.show(this.render);
  };

  private update(): void {
    const status = this.render?.() ?? {};
    this.render = undefined;
    const text = JSON.stringify(status);
    if (text === this.shown) return;
    this.shown = text;
    this.node.status(status);
  }
}
