import { toFailure } from "../../core/failure.js";
import { listAskerNames, type RunTag } from "../messages/ask-tags.js";
import { closedStreams } from "../messages/closed-streams.js";
import { OrderedStream } from "../messages/ordered-stream.js";
import type { StreamMessage } from "../messages/stream-message.js";
import type { Done, Message, Send } from "../red/api.js";
import { nameCall, readCallNames } from "../runs/call-names.js";
import { cancels } from "../runs/cancels.js";
import { runningRuns } from "../runs/register.js";
import { RunTrace } from "../traces/run-trace.js";
import { RequestHold } from "../wires/request-hold.js";
import { ToolAnswers } from "./calls/answers.js";
import type { ToolCalls } from "./calls/tool-outputs.js";
import { isAskedWithoutTools } from "./classify.js";
import type { RouterEnvironment } from "./environment.js";
import { releaseDepartedReader } from "./kept/departed-reader.js";
import { EffectQueue } from "./kept/effect-queue.js";
import type { KeptRuns } from "./kept/keeper.js";
import { readApproval } from "./mcp/approval.js";
import type { ServerCalls } from "./mcp/server-calls.js";
import type { RunRecord } from "./record.js";
import type { RouterRun } from "./run.js";
import type { RunEffect, RunEvent } from "./run-events.js";
import { ASK } from "./settings.js";
import { BYPASSED, describeUntaken } from "./texts.js";

/** What a session reaches through its node. */
export interface RouterPorts extends RouterEnvironment {
  calls: ToolCalls;
  serverCalls: ServerCalls;
  /** Stores runs; undefined if the node keeps none. */
  keeper: Pick<KeptRuns, "save"> | undefined;
  /** The turn's stream is over, or nobody reads it any more. @param hasEnded whether its last message came */
  onSourceEnd(source: string, hasEnded: boolean, send: Send): void;
  onEnd(session: RunSession, end: RunEffect & { type: "end" }): void;
  onChange(session: RunSession): void;
}

/** Events after which nobody waits for the calls that are open. */
const GIVING_UP: ReadonlySet<RunEvent["type"]> = new Set(["toolsTimedOut", "cancelled", "lost"]);

/** Carries out what the machine of one run decides: timers, sending, calls of tools. */
export class RunSession {
  readonly answers = new ToolAnswers();
  private order: OrderedStream | undefined;
  /** Id of the turn's stream, while it is open. */
  source: string | undefined;
  private readonly held: RequestHold;
  private readonly endRun: () => void;
  private isAbandoned = false;
  private readonly queue: EffectQueue;
  private readonly trace: RunTrace;

  constructor(
    readonly run: RouterRun,
    /** Of the newest message. */
    public send: Send,
    private readonly ports: RouterPorts,
  ) {
    const { node, host } = ports;
    const { key, base, outerTags } = run.record;
    this.held = new RequestHold(ports, describeUntaken, (failure) => this.handle({ type: "lost", failure }));
    this.held.workFor(outerTags);
    this.endRun = runningRuns.begin(key);
    this.trace = new RunTrace(base, node.name || node.type, () => host.clock.now());
    this.queue = new EffectQueue(
      (effect) => this.carryOut(effect),
      (thrown) => this.handle({ type: "lost", failure: toFailure(thrown, "invalid_request") }),
    );
  }

  /** Hands an event to the machine and does what it wants. What goes wrong there ends the run, and nothing else. */
  handle(event: RunEvent): void {
    if (this.isAbandoned) return;
    const { record, state } = this.run;
    const givenUp = GIVING_UP.has(event.type) && state.phase === "calling" ? state.round.openCalls : [];
    this.trace.note(event);
    this.queue.add(this.run.on(event));
    // Only now, so that the ends of what works for them are no answers.
    for (const { id } of givenUp) cancels.cancel(nameCall(record.key, id));
    this.ports.onChange(this);
  }

  /** Shows how far a call is. */
  showProgress(text: string): void {
    this.run.record.progress = text;
    this.ports.onChange(this);
  }

  /** Sends a request, and watches for its answer. @param message belongs to its receiver */
  sendRequest(tag: RunTag, message: Message): void {
    this.held.afterDeploy(() => {
      this.held.watchOver(tag, ASK);
      this.trace.ask(message, (marked) => this.send([null, marked]));
    });
  }

  /** The turn's stream begins with this message. */
  begin(message: StreamMessage): void {
    this.source = message.parts.id;
    this.handle({ type: "begun", message });
    this.order = new OrderedStream(
      this.ports.host.clock,
      {
        onMessage: (next) => this.take(next),
        onRestart: (next) => this.handle({ type: "restarted", message: next }),
        onGap: (failure) => this.handle({ type: "lost", failure }),
      },
      message,
    );
  }

  /** Takes a message of the turn's stream, in whatever order. */
  add(message: StreamMessage, done: Done): void {
    const { held } = this;
    if (message.complete !== true || Object.hasOwn(message, "reset") || held.done) done();
    else held.done = done;
    held.touch();
    this.order?.add(message);
    // A last message that waits for others holds its input open.
    if (this.source === undefined) held.finish();
  }

  /**
   * Takes a message that answers or approves a call.
   * @returns false if nobody waits for it
   * @throws Failure `invalid_request` if it approves a call with arguments that do not fit
   */
  takeAnswer(id: string, message: Message): boolean {
    const { state } = this.run;
    if (state.phase !== "calling" || !this.isOpen(id) || state.atServer.has(id)) return false;
    const asked = state.asked.get(id);
    const approved = asked && readApproval(message, asked);
    if (approved) this.handle({ type: "approved", id, arguments: approved });
    else {
      const result = this.answers.take(id, message, this.ports.settings.maxResult);
      if (result) this.handle({ type: "answered", id, result });
    }
    return true;
  }

  /**
   * Ends the run: at once, or with its stream, which may still say what it has.
   * @returns id of the stream or run to stop at its source; undefined if tools are at work
   */
  cancel(): string | undefined {
    const { record, state } = this.run;
    if (state.phase === "calling") {
      this.handle({ type: "cancelled" });
      return undefined;
    }
    record.isCancelled = true;
    this.held.awaitEnd(() => this.handle({ type: "cancelled" }));
    return this.source ?? record.key;
  }

  /** Lets go of everything in silence, as the node is closed. */
  abandon(): void {
    this.isAbandoned = true;
    const { record, state } = this.run;
    // A run that is stored goes on with the next node of this id.
    if (state.phase === "calling" && !this.ports.keeper && record.stream)
      closedStreams.announce(record.stream);
    this.source = undefined;
    this.close();
  }

  /** Lets go of everything. A stream that has not ended is stopped at its source. */
  close(): void {
    this.endRun();
    this.closeSource(false);
    this.forgetTools();
    this.trace.end(this.run.record, { code: "", isCancelled: true });
    this.held.close();
  }

  private take(message: StreamMessage): void {
    if (message.complete !== true) {
      this.handle({ type: "message", message });
      return;
    }
    this.closeSource(true);
    const { settings, warnings } = this.ports;
    const { record } = this.run;
    // Its chat-stream may have been told while the last message was on its way.
    if (cancels.isCancelled(listNames(record))) record.isCancelled = true;
    if (settings.tools.size > 0 && isAskedWithoutTools(message)) warnings.warn(BYPASSED);
    this.handle({ type: "message", message });
  }

  /** Whether a call waits for its answer. */
  private isOpen(call: string): boolean {
    const { state } = this.run;
    return state.phase === "calling" && state.round.isOpen(call);
  }

  /**
   * The run may have gone on since it wanted the effect: an answer came while calls were sent or the run was stored.
   * @returns a promise if what comes after has to wait for it
   */
  private carryOut(effect: RunEffect): Promise<void> | undefined {
    const { ports, run } = this;
    // What was sent may have closed the node.
    if (this.isAbandoned) return undefined;
    switch (effect.type) {
      case "keep":
        return ports.keeper?.save(run);
      case "send":
        if (effect.message.complete === true) this.trace.mark(effect.message);
        this.send(effect.message);
        break;
      case "ask":
        if (run.state.phase === "asked" && effect.tag.round === run.record.round) this.ask(effect);
        break;
      case "call":
        if (this.isOpen(effect.call.id))
          this.trace.call(effect, (parent) => ports.calls.make(run.record, effect, this.send, parent));
        break;
      case "callServer":
        if (this.isOpen(effect.call.id))
          this.trace.call(effect, (parent) => ports.serverCalls.make(run.record.key, effect, parent));
        break;
      case "warn":
        ports.warnings.warn(effect.text);
        break;
      case "awaitTools":
        this.held.pause(
          listNames(run.record),
          effect.milliseconds,
          () => this.handle({ type: "toolsTimedOut" }),
          () => this.cancel(),
        );
        break;
      case "forgetTools":
        this.forgetTools();
        break;
      case "done":
        this.held.finish();
        break;
      case "report":
        if (!this.held.finish(effect.failure)) ports.host.report(effect.failure, effect.message);
        break;
      case "end":
        this.trace.end(run.record, effect);
        this.close();
        ports.onEnd(this, effect);
    }
    return undefined;
  }

  private ask({ tag, message }: RunEffect & { type: "ask" }): void {
    const { host, keeper } = this.ports;
    this.sendRequest(tag, host.clone(keeper ? releaseDepartedReader(message) : message));
  }

  /** Waits for no tool any more. */
  private forgetTools(): void {
    const { calls, serverCalls } = this.ports;
    const { key } = this.run.record;
    this.held.stopWait();
    this.trace.endCalls("");
    calls.forget(key);
    serverCalls.forget(key);
    this.answers.clear();
  }

  private closeSource(hasEnded: boolean): void {
    const { source } = this;
    this.source = undefined;
    this.order?.close();
    this.order = undefined;
    if (source !== undefined) this.ports.onSourceEnd(source, hasEnded, this.send);
  }
}

/** @returns the names under which a run is cancelled at other nodes */
function listNames({ key, stream, outerTags, base }: RunRecord): string[] {
  const ids = stream === undefined ? [key] : [key, stream];
  return [...ids, ...listAskerNames(outerTags), ...readCallNames(base)];
}
