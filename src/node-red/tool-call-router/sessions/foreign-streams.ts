import { RecentMap } from "../../../core/lifecycle/recent-map.js";
import type { NodeRed, RuntimeNode } from "../../red/api.js";
import { leadsTo } from "../../red/wiring.js";

/** Streams that are remembered. */
const MAX_REMEMBERED = 2000;

/** Streams of other routers that come by this node. */
export class ForeignStreams {
  private readonly passing = new RecentMap<boolean>(MAX_REMEMBERED);

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
  ) {}

  /** Whether a stream passes here on its way to the router that asked for it. The wires are followed once a stream. */
  passes(stream: string, router: string): boolean {
    const known = this.passing.get(stream);
    if (known !== undefined) return known;
    const passes = leadsTo(this.red, this.node, ({ id }) => id === router);
    this.passing.set(stream, passes);
    return passes;
  }
}
