import { toFailure } from "../../../core/failure.js";
import type { RunTag } from "../../messages/ask-tags.js";
import type { Message } from "../../red/api.js";
import type { RouterEnvironment } from "../environment.js";
import type { OfferedTools } from "../mcp/offered-tools.js";
import { composeFirstTurn } from "../requests.js";
import type { RunSession } from "../session.js";

/**
 * Asks for the first turn of a run, once the tools of all servers are known.
 * @throws Failure `invalid_request`, `configuration` if the run cannot begin; after waiting, the run ends with it
 */
export function askFirstTurn(
  session: RunSession,
  message: Message,
  { node, settings, warnings }: RouterEnvironment,
  tools: OfferedTools,
): void {
  const ask = () => {
    const tag: RunTag = { kind: "run", node: node.id, run: session.run.record.key, round: 1 };
    const first = composeFirstTurn(message, settings, tools.list(), tag);
    for (const text of first.warnings) warnings.warn(text);
    session.sendRequest(tag, first.message);
  };
  let hasWaited = false;
  tools.prepare(() => {
    if (session.run.state.phase !== "asked") return;
    try {
      ask();
    } catch (thrown) {
      if (!hasWaited) throw thrown;
      session.handle({ type: "lost", failure: toFailure(thrown) });
    }
  });
  hasWaited = true;
}
