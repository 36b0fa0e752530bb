import { randomUUID } from "node:crypto";
import type { Message, NodeRed, RuntimeNode } from "../../red/api.js";
import { findLinkIn } from "../../red/flow/link-call.js";

/** A call that went to a `link in` node. */
export interface LinkedCall {
  /** Key of the run. */
  run: string;
  /** Of the call. */
  id: string;
}

/** What core's link nodes use of a node (`60-link.js`; the same in Node-RED 4.1 and 5). */
interface LinkNode extends RuntimeNode {
  receive?(message: Message): void;
  returnLinkMessage?(event: string, message: Message): void;
}

/** Calls tools as core's `link call` does, and gets their answers from a `link out` in return mode. */
export class LinkCalls {
  private readonly open = new Map<string, LinkedCall>();

  /** @param onReturn gets each answer; `call` is undefined for one that nobody waits for */
  constructor(
    private readonly red: NodeRed,
    private readonly node: LinkNode,
    onReturn: (call: LinkedCall | undefined, message: Message) => void,
  ) {
    node.returnLinkMessage = (event, message) => {
      // A stream comes back by many messages.
      onReturn(this.open.get(event), message);
    };
  }

  /** @returns undefined where there is no such `link in` node, else what sends the message there */
  find(target: string): ((call: LinkedCall, message: Message) => void) | undefined {
    const found: LinkNode | undefined = findLinkIn(this.red, this.node, target);
    if (!found?.receive) return undefined;
    return (call, message) => {
      const event = randomUUID();
      this.open.set(event, call);
      const before = Array.isArray(message["_linkSource"]) ? message["_linkSource"] : [];
      found.receive?.({ ...message, _linkSource: [...before, { id: event, node: this.node.id }] });
    };
  }

  /** Nobody waits any more for what the run has called. */
  forget(run: string): void {
    for (const [event, call] of this.open) if (call.run === run) this.open.delete(event);
  }
}
