import { randomUUID } from "node:crypto";
import { buildEmptyResult } from "../../client/chat-types.js";
import type { Balance, Ledger } from "../../core/budget/ledger.js";
import { Failure, toFailure } from "../../core/failure.js";
import { systemClock } from "../../transport/system-clock.js";
import { type BudgetTag, findTagOf, readTags, replaceTags, selectTagsOutside } from "../messages/ask-tags.js";
import { readControl } from "../messages/control.js";
import { type InFlight, inFlight } from "../messages/in-flight.js";
import { isLastMessage, isStreamMessage, type StreamMessage } from "../messages/stream-message.js";
import { StreamWriter } from "../messages/stream-writer.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { NodeHost } from "../red/host.js";
import { WarnOnce } from "../red/log.js";
import { readName } from "../red/names.js";
import { toNodeError } from "../red/node-error.js";
import { evaluateTypedInput } from "../red/values/typed-input.js";
import { feedsRetry, isWired } from "../red/wiring.js";
import { type Asked, findAsked } from "./asked.js";
import { addEstimates, type Estimate, estimateRequest, readCharge } from "./charge.js";
import { type BudgetConfig, type BudgetSettings, readBudgetSettings } from "./config.js";
import { RequestsInFlight } from "./flight.js";
import { type Handover, takeOver } from "./handover.js";
import { AccountKeeper } from "./keeper.js";
import { findSpan } from "./span.js";
import { BudgetStatus, describeBalance } from "./status.js";
import { AccountStore } from "./store.js";

/** Time, and the requests that other nodes work on, which a test replaces. */
export interface BudgetEnvironment {
  clock: typeof systemClock;
  inFlight: InFlight;
}

/** Outputs, from 0. */
const REQUEST = 1;
const NEAR = 2;
const USED_UP = 3;

const UNWIRED =
  "Output 2 of this node leads to no enabled node, so the request would be lost. Wire it into a chat-stream, and its output back into this node.";

const LOST =
  "A stream that this budget let through did not come back, so what it had reserved counts as spent. Wire the output of the chat-stream into this node.";

/** For a stream whose request was let through before the process started: what it tells counts, nothing is guessed. */
const NO_ESTIMATE: Estimate = { amount: 0, price: () => 0 };

/** What a budget node does: lets requests through while there is room, and counts what their streams have cost. */
export class BudgetController {
  private readonly host: NodeHost;
  private readonly settings: BudgetSettings;
  /** What is wrong with the settings. Every request fails with it. */
  private readonly misconfigured: Failure | undefined;
  private readonly handover: Handover;
  private readonly warnings: WarnOnce;
  private readonly flight: RequestsInFlight;
  private readonly keeper: AccountKeeper | undefined;
  private readonly status: BudgetStatus;
  /** The chat-stream that the requests go to; null until it is looked for, since nodes start in any order. */
  private asked: Asked | undefined | null = null;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    config: BudgetConfig,
    private readonly environment: BudgetEnvironment = { clock: systemClock, inFlight },
  ) {
    this.host = new NodeHost(red, node, environment.clock);
    this.warnings = new WarnOnce(node);
    this.flight = new RequestsInFlight(this.host.clock, environment.inFlight, ({ tag, estimate }) => {
      this.settle(tag, estimate.amount);
      this.warnings.warn(LOST);
    });
    try {
      this.settings = readBudgetSettings(config);
    } catch (thrown) {
      this.misconfigured = toFailure(thrown, "configuration");
      this.settings = readBudgetSettings({ id: config.id, type: config.type, limit: 1 });
    }
    const { store, unit } = this.settings;
    const span = () => this.findSpan();
    this.handover = takeOver(`${node.id} ${unit}`, this.settings);
    const { ledger, isFresh } = this.handover;
    for (const { tag, estimate } of this.handover.requests.splice(0)) this.flight.add(tag, estimate);
    this.status = new BudgetStatus(red, node, ledger, this.settings, span);
    if (store !== "") {
      const stored = new AccountStore(red, node, store, unit, this.host.clock);
      this.keeper = new AccountKeeper(stored, ledger, isFresh, this.host, span);
    }
    this.handover.isFresh = false;
    this.status.show();
  }

  async input(message: Message, send: Send, done: Done): Promise<void> {
    if (message.messages === undefined && isStreamMessage(message)) {
      this.passStream(message, send);
      done();
      return;
    }
    if (this.misconfigured) throw this.misconfigured;
    const command = message["budget"];
    const control = readControl(message);
    if (control && command === undefined) {
      // Whoever stops a stream asks for nothing, and the chat-streams behind have to hear of it.
      send([null, message, isWired(this.red, this.node, NEAR) ? this.host.clone(message) : null]);
      done();
      return;
    }
    await this.keeper?.loaded;
    const key = await this.evaluateKey(message);
    if (command === "ask" || command === "reset") {
      if (command === "reset") this.ledger.reset(key);
      send([{ ...message, budget: this.describe(key) }]);
      this.noteChange();
      done();
      return;
    }
    const failure = this.admit(message, key, send);
    done(failure && toNodeError(failure));
  }

  /** What is reserved stays so: the streams go on, and come back to the node that is deployed in this one's place. */
  close(): Promise<void> | undefined {
    this.handover.requests.push(...this.flight.close());
    this.status.close();
    return this.keeper?.close();
  }

  /** Passes a message of a stream on, without this node's tag, and settles the request with the last one. */
  private passStream(message: StreamMessage, send: Send): void {
    const tag = findTagOf(message, this.node.id);
    if (tag?.kind !== "budget") {
      send(message);
      return;
    }
    const passed = replaceTags(message, selectTagsOutside(readTags(message), this.node.id));
    const open = this.flight.touch(tag);
    if (isLastMessage(message)) {
      const charge = readCharge(this.settings.unit, message, open?.estimate ?? NO_ESTIMATE);
      if (open) this.settle(tag, charge);
      // With a store, what was reserved counts as spent since the restart.
      else if (!this.keeper) this.ledger.charge(tag.key, charge, this.findSpan());
      passed["budget"] = this.describe(tag.key);
    }
    send(passed);
  }

  private get ledger(): Ledger {
    return this.handover.ledger;
  }

  /**
   * @returns the failure if there is no room, and nobody is wired to the output for that
   * @throws Failure `configuration` if no request can leave
   */
  private admit(message: Message, key: string, send: Send): Failure | undefined {
    const tags = readTags(message);
    const own = findTagOf(message, this.node.id);
    const earlier = own?.kind === "budget" ? this.flight.touch(own) : undefined;
    // Who asks on behalf of a request that this node has let through makes it dearer: its stream settles both.
    const tag = earlier?.tag ?? { kind: "budget", node: this.node.id, request: randomUUID(), key };
    const estimate = this.estimate(message, key);
    if (!isWired(this.red, this.node, REQUEST)) throw new Failure("configuration", UNWIRED);
    const verdict = this.ledger.request(tag.request, tag.key, estimate.amount, this.findSpan());
    if (verdict === "usedUp") return this.refuse(message, key, send);
    this.flight.add(tag, earlier ? addEstimates(earlier.estimate, estimate) : estimate);
    this.noteChange();
    const request = replaceTags({ ...message }, [...tags.filter((one) => one !== own), tag]);
    const isNear = verdict === "near" && isWired(this.red, this.node, NEAR);
    if (isNear) request["budget"] = this.describe(key);
    send(isNear ? [null, null, request] : [null, request]);
    return undefined;
  }

  private refuse(message: Message, key: string, send: Send): Failure | undefined {
    this.noteChange();
    const budget = this.describe(key);
    if (isWired(this.red, this.node, USED_UP)) {
      send([null, null, null, { ...message, budget }]);
      return undefined;
    }
    const failure = this.createFailure(key);
    const writer = new StreamWriter({ id: randomUUID(), message, send, mergeReads: false });
    writer.end(buildEmptyResult("failed", failure), { budget });
    // A retry node behind this one reports the failure.
    return feedsRetry(this.red, this.node) ? undefined : failure;
  }

  private estimate(message: Message, key: string): Estimate {
    const { unit, reserve } = this.settings;
    if (this.asked === null) this.asked = findAsked(this.red, this.node, REQUEST);
    return estimateRequest(unit, message, this.asked, reserve, this.ledger.getLargest(key));
  }

  private settle(tag: BudgetTag, amount: number): void {
    this.flight.remove(tag);
    this.ledger.settle(tag.request, amount);
    this.noteChange();
  }

  private noteChange(): void {
    this.keeper?.save();
    this.status.show();
  }

  private evaluateKey(message: Message): string | Promise<string> {
    const { red, node, host } = this;
    const { key: value, keyType: type } = this.settings;
    const name = type === "msg" ? `msg.${value}` : `The key of the budget (${type} “${value}”)`;
    const input = { value, type, name: "key of the budget" };
    const toKey = (result: unknown) => readName(result, name) ?? "";
    const result = evaluateTypedInput(red, node, host.clock, input, message);
    return result instanceof Promise ? result.then(toKey) : toKey(result);
  }

  private findSpan() {
    return findSpan(this.settings.window, this.environment.clock.date());
  }

  private look(key: string): Balance {
    return this.ledger.look(key, this.findSpan());
  }

  private describe(key: string): Record<string, unknown> {
    return describeBalance(this.look(key), this.settings, key);
  }

  private createFailure(key: string): Failure {
    const { spent, limit, unit, resetsAt } = this.describe(key);
    const running =
      Number(this.describe(key)["reserved"]) > 0 ? " Requests that run have reserved the rest." : "";
    return new Failure(
      "budget",
      `The budget is used up: ${String(spent)} of ${String(limit)} ${String(unit)} are spent.${running} It is free again at ${String(resetsAt)}. Wait until then, or raise the limit of the budget node.`,
      { phase: "queue", retryAfterMs: Math.max(0, this.look(key).resetsAt - this.environment.clock.date()) },
    );
  }
}
