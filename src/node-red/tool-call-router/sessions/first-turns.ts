import { toFailure } from "../../../core/failure.js";
import type { RunTag } from "../../messages/ask-tags.js";
import type { Message, RuntimeNode, Send } from "../../red/api.js";
import type { WarnOnce } from "../../red/log.js";
import type { OfferedTools } from "../mcp/offered-tools.js";
import { composeFirstTurn } from "../requests.js";
import type { RunSession } from "../session.js";
import type { RouterSettings } from "../settings.js";

/** Asks for the first turns of runs, once the tools of all servers are known. */
export class FirstTurns {
  constructor(
    private readonly node: RuntimeNode,
    private readonly settings: RouterSettings,
    private readonly tools: OfferedTools,
    private readonly warnings: WarnOnce,
    /** Forgets a run that cannot begin, and that has sent nothing. */
    private readonly onRefused: (session: RunSession) => void,
  ) {}

  /** @throws Failure `invalid_request`, `configuration` if the run cannot begin; after waiting, the run ends with it */
  start(session: RunSession, message: Message, send: Send): void {
    let hasWaited = false;
    this.tools.prepare(() => {
      if (session.run.state.phase !== "asked") return;
      try {
        this.ask(session, message, send);
      } catch (thrown) {
        if (hasWaited) session.handle({ type: "lost", failure: toFailure(thrown) });
        else {
          this.onRefused(session);
          throw thrown;
        }
      }
    });
    hasWaited = true;
  }

  private ask(session: RunSession, message: Message, send: Send): void {
    const tag: RunTag = { kind: "run", node: this.node.id, run: session.run.record.key, round: 1 };
    const first = composeFirstTurn(message, this.settings, this.tools.list(), tag);
    for (const text of first.warnings) this.warnings.warn(text);
    session.sendRequest(tag, first.message, (request) => send([null, request]));
  }
}
