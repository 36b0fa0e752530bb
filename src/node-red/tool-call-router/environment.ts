import type { WarnOnce } from "../red/log.js";
import type { AskingNode } from "../wires/request-hold.js";
import type { RouterSettings } from "./settings.js";

/** What all parts of a router work with. */
export interface RouterEnvironment extends AskingNode {
  settings: RouterSettings;
  /** Tells the author each thing once. */
  warnings: WarnOnce;
}
