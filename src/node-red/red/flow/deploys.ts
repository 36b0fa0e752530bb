import { systemClock } from "../../../transport/system-clock.js";
import type { NodeRed } from "../api.js";

type RuntimeEvents = NonNullable<NodeRed["events"]>;

/** Longest deploy that is waited for. Node-RED gives nodes 15 s to close, and does not say that it starts nothing. */
const MAX_DEPLOY_MS = 20_000;

/** When the deploy that is under way began, by the runtime's events; undefined while there is none. */
const beginnings = new WeakMap<RuntimeEvents, { since: number | undefined }>();

/** Begins to watch the deploys of a runtime. More calls change nothing. */
export function watchDeploys({ events }: NodeRed): void {
  if (!events || beginnings.has(events)) return;
  const deploy: { since: number | undefined } = { since: undefined };
  beginnings.set(events, deploy);
  events.on("flows:stopping", () => {
    deploy.since = systemClock.now();
  });
  events.on("flows:started", () => {
    deploy.since = undefined;
  });
}

/** Whether a deploy exchanges nodes, so that wires may lead to nodes which do not exist for a while. */
export function isDeploying({ events }: NodeRed): boolean {
  const since = events && beginnings.get(events)?.since;
  return since !== undefined && systemClock.now() - since < MAX_DEPLOY_MS;
}
