import { Failure } from "../../core/failure.js";
import type { SessionEnd } from "../../core/lifecycle/sessions.js";
import { MAX_OPEN_STREAMS } from "../messages/open-streams.js";

/** The failure of a stream that the node itself ended, by reason. Other reasons are no failure. */
export const FAILURES_BY_END: Readonly<Partial<Record<SessionEnd, () => Failure>>> = {
  expired: () =>
    new Failure(
      "timeout",
      "The stream did not finish in time. The partial answer was sent to output 2. Raise the timeout of this node if the model is slow. A node before this one must not drop messages.",
    ),
  orphaned: () =>
    new Failure(
      "interrupted",
      "A deploy closed the node that this stream came from, so the rest does not come. The partial answer was sent to output 2. Ask again.",
    ),
  overflow: () =>
    new Failure(
      "limit",
      `More than ${MAX_OPEN_STREAMS} streams are open in this node. The partial answer of the oldest one was sent to output 2. Send fewer requests at once.`,
    ),
};
