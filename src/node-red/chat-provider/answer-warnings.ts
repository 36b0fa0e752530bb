import type { ChatResult } from "../../client/chat-types.js";
import type { RuntimeNode } from "../red/api.js";
import { logWarning } from "../red/log.js";
import { warnOfMissingPrices } from "./warnings.js";

/** Tells the author of a node what a service says beside its answers, and what is odd about them. */
export class AnswerWarnings {
  /** The service's last notice. It comes with every answer; the node warns of it once. */
  private lastNotice: string | undefined;

  constructor(private readonly node: RuntimeNode) {}

  warnOf(result: ChatResult): void {
    const { job, notice, skipped } = result;
    if (job?.warning) logWarning(this.node, job.warning);
    if (notice && notice !== this.lastNotice) logWarning(this.node, notice);
    this.lastNotice = notice ?? this.lastNotice;
    if (result.cost === null) warnOfMissingPrices(this.node);
    if (skipped === 0) return;
    const records = skipped === 1 ? "1 record of the stream was" : `${skipped} records of the stream were`;
    logWarning(this.node, `${records} skipped: broken, or of an unknown type. Text may be missing.`);
  }
}
