import type { RuntimeNode } from "./api.js";
import { logWarning } from "./log.js";

/** Texts that are remembered. Messages may bring other tools every time, and models make names up. */
const MAX_WARNINGS = 100;

/** Tells the author something once. */
export class WarnOnce {
  private readonly warned = new Set<string>();

  constructor(private readonly node: RuntimeNode) {}

  warn(text: string): void {
    if (this.warned.has(text) || this.warned.size >= MAX_WARNINGS) return;
    this.warned.add(text);
    logWarning(this.node, text);
  }
}
