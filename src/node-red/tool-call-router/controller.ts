import type { Clock } from "../../core/clock.js";
import { Failure, toFailure } from "../../core/failure.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import { systemClock } from "../../transport/system-clock.js";
import { readControl } from "../messages/control.js";
import { pastRunTagOf, type RunTag, runTagOf, tagBy } from "../messages/run-tag.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { leadsTo } from "../red/wiring.js";
import { lateAnswer } from "./answers.js";
import { ToolCalls } from "./calls.js";
import { RouterCancel } from "./cancel.js";
import { LinkCalls } from "./link-calls.js";
import { beginsAgain, callOf, isErrorOf, isStream, isWhole, type StreamMessage } from "./messages.js";
import { firstRequest } from "./requests.js";
import { CAME_BACK, LOST_CALL, NOBODY_ASKED, RouterRounds } from "./rounds.js";
import { RouterRun } from "./run.js";
import { type RouterConfig, type RouterSettings, settingsOf } from "./settings.js";
import { RouterStatus } from "./status.js";

/** Runs that may be open: each holds its conversation. */
const MOST_RUNS = 1000;

/** Beside the time that a tool has, a run of which nothing comes for so long is given up; milliseconds. */
const EXPIRY = 3_600_000;

/** After the last message, how long one that was delayed on its way is waited for; milliseconds. */
const STRAGGLERS = 5_000;

/** Streams and runs that ended lately: what still comes of them is late, not new. */
const REMEMBERED = 2000;

const ANOTHERS =
  "A stream that another tool-call-router has asked for came here, and was left to that one. Give each of them a chat-stream of its own.";

const ORPHAN =
  "A stream came here that a tool-call-router has asked for which is gone. It goes on as if nobody had: its calls are answered here.";

/** What a tool-call-router does: tells whose a message is, and hands it to its run. */
export class RouterController {
  private readonly sessions: Sessions<RouterRun>;
  /** The runs by the streams of their present turns. */
  private readonly bySource = new Map<string, RouterRun>();
  /** Streams that are over, or were given up, and runs; of a run, whether its tools may still answer. */
  private readonly over = new RecentMap<SessionEnd>(REMEMBERED);
  /** Streams that are another router's, and whether they pass on the way to it. */
  private readonly left = new RecentMap<boolean>(REMEMBERED);
  private readonly settings: RouterSettings;
  /** What is wrong with the settings. Streams pass all the same. */
  private readonly refused: Failure | undefined;
  private readonly calls: ToolCalls;
  private readonly rounds: RouterRounds;
  private readonly cancels: RouterCancel;
  private readonly status: RouterStatus;
  /** Answers that nobody waited for. */
  private late = 0;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    config: RouterConfig,
    private readonly clock: Clock = systemClock,
  ) {
    let settings: RouterSettings;
    try {
      settings = settingsOf(config);
    } catch (thrown) {
      this.refused = toFailure(thrown, "configuration");
      settings = settingsOf({ ...config, tools: [] });
    }
    this.settings = settings;
    this.sessions = new Sessions({
      maxOpen: MOST_RUNS,
      expiryMs: EXPIRY + settings.toolTimeout,
      clock,
      onEnd: (run, reason) => this.ended(run, reason),
    });
    const links = new LinkCalls(red, node, (call, message) =>
      this.answer(call?.run ?? callOf(message, node.id)?.run ?? "", call?.id ?? "", message),
    );
    const { sessions } = this;
    this.cancels = new RouterCancel(node, clock, sessions);
    this.status = new RouterStatus(red, node, sessions);
    const calls = new ToolCalls(red, node, settings, links, clock);
    this.calls = calls;
    this.rounds = new RouterRounds({ red, node, settings, clock, sessions, calls, status: this.status });
    if (this.refused) this.status.failure(this.refused.code);
  }

  input(message: Message, send: Send, done: Done): void {
    const { id } = this.node;
    const call = callOf(message, id);
    const control = readControl(message);
    if (beginsAgain(message, id)) {
      if (call) this.answer(call.run, call.id, message);
      else this.beginAgain(message as StreamMessage, send);
      done();
    } else if (control) {
      this.cancels.control(message, control, call, send);
      done();
    } else if (call) {
      this.answer(call.run, call.id, message);
      done();
    } else if (isErrorOf(message, id)) {
      // A Catch node that is wired back for the sake of the tools catches ours as well.
      done();
    } else if (message["toolRun"] === undefined && this.hasRun(message._msgid)) {
      if (isWhole(message)) throw new Failure("configuration", LOST_CALL);
      done();
    } else if (isStream(message)) this.stream(message, send, done);
    else {
      this.request(message, send);
      done();
    }
  }

  /** What is under way is let go: what is sent now would reach the flow that comes after. */
  close(): void {
    this.sessions.endAll("closed");
    this.status.close();
  }

  private request(message: Message, send: Send): void {
    if (this.refused) throw this.refused;
    const tag = runTagOf(message);
    const asked = tagBy(tag ?? pastRunTagOf(message), this.node.id);
    if (asked) {
      const failure = new Failure("configuration", CAME_BACK);
      const run = this.sessions.get(asked.run);
      if (run?.phase !== "asked") {
        // So do failures of the chat-stream, whose stream has told the run already.
        if (message.error !== undefined) return;
        throw failure;
      }
      this.rounds.fail(run, failure);
      return;
    }
    if (!this.rounds.asksSomebody) throw new Failure("configuration", NOBODY_ASKED);
    const run = new RouterRun(message, tag, send);
    if (!this.cancels.admit(run.key, message)) {
      this.rounds.end(run, { finishReason: "cancelled" });
      return;
    }
    const { id: node } = this.node;
    const own = { node, run: run.key, round: 1 };
    const { message: first, warnings } = firstRequest(
      message,
      this.settings,
      tag ? { ...own, outer: tag } : own,
    );
    for (const text of warnings) this.calls.warn(text);
    this.sessions.open(run.key, run);
    send([null, first]);
    this.status.show();
  }

  private stream(message: StreamMessage, send: Send, done: Done): void {
    const run = this.runOf(message, send);
    if (!run) {
      done();
      return;
    }
    const { assembly } = run;
    try {
      assembly.add(message);
    } catch (thrown) {
      this.rounds.fail(run, thrown, done);
      return;
    }
    if (assembly.isComplete) {
      this.leave(run);
      this.rounds.turnEnded(run, assembly.last as StreamMessage, done);
      return;
    }
    if (assembly.last && run.timer === undefined) {
      this.rounds.wait(run, STRAGGLERS, () => this.rounds.fail(run, assembly.createGapFailure()));
    }
    done();
  }

  private beginAgain(message: StreamMessage, send: Send): void {
    const run = this.runOf(message, send);
    if (!run) return;
    this.rounds.wait(run);
    run.beginAgain(message);
  }

  /** @returns undefined where nobody waits for the message */
  private runOf(message: StreamMessage, send: Send): RouterRun | undefined {
    const run = this.bySource.get(message.parts.id) ?? this.newcomer(message, send);
    if (!run) return undefined;
    this.sessions.get(run.key);
    run.send = send;
    return run;
  }

  /** A message of a stream that no run has, not yet or no more. */
  private newcomer(message: StreamMessage, send: Send): RouterRun | undefined {
    const { id } = message.parts;
    let tag = runTagOf(message);
    const end = this.over.get(id);
    if (tag && tag.node !== this.node.id) {
      if (this.red.nodes.getNode(tag.node)) {
        this.leaveTo(tag.node, message, send);
        return undefined;
      }
      tag = undefined;
      if (!end) this.calls.warn(ORPHAN);
    }
    const run = end ? undefined : this.claim(message, tag, send);
    if (run) return run;
    // The reader has got his end, or went with an earlier deploy: a service answers in vain.
    this.over.set(id, "finished");
    if (end !== "finished" && message.complete !== true) this.cancels.stop(id, send);
    return undefined;
  }

  /** What another router has asked for goes on to it where it is behind this node, and has come to it otherwise. */
  private leaveTo(router: string, message: StreamMessage, send: Send): void {
    const { id } = message.parts;
    let passes = this.left.get(id);
    if (passes === undefined) {
      passes = leadsTo(this.red, this.node, (target) => target.id === router);
      this.left.set(id, passes);
      // What is left once, is left to its end, though its router should go meanwhile.
      this.over.set(id, "finished");
    }
    if (passes) send(message);
    else this.calls.warn(ANOTHERS);
  }

  /** Finds whose turn a stream is that begins. One that no router asked for is a run of its own. */
  private claim(message: StreamMessage, tag: RunTag | undefined, send: Send): RouterRun | undefined {
    const { id } = message.parts;
    const wanted = this.cancels.admit(id, message);
    const run = tag ? this.sessions.get(tag.run) : new RouterRun(message, undefined, send);
    if (!run || (tag && (run.phase !== "asked" || run.round !== tag.round))) return undefined;
    if (!tag && !wanted) {
      this.rounds.end(run, { finishReason: "cancelled" });
      return undefined;
    }
    if (!tag) this.sessions.open(run.key, run);
    run.begin(message);
    this.bySource.set(id, run);
    if (run.cancelled) this.cancels.cancel(run, send);
    this.status.show();
    return run;
  }

  private answer(key: string, id: string, message: Message): void {
    const run = this.sessions.get(key);
    if (beginsAgain(message, this.node.id)) {
      run?.answers.forget(id, message as StreamMessage);
      return;
    }
    if (run?.calls?.isOpen(id)) {
      const result = run.answers.take(id, message, this.settings.maxResult);
      if (result) this.rounds.answer(run, id, result);
      return;
    }
    if (!isWhole(message) || run?.answers.repeats(id, message)) return;
    const text = lateAnswer(callOf(message, this.node.id), ++this.late);
    const end = this.over.get(key);
    // What was cancelled is not waited for, and nobody is to blame.
    if (run || (end && end !== "cancelled" && end !== "closed")) this.node.warn(text);
    else this.node.debug(text);
  }

  /** The stream of the turn is over, or nobody waits for its end. @returns whether it was still open */
  private leave({ source }: RouterRun): boolean {
    const open = source !== undefined && this.bySource.delete(source);
    if (open) this.over.set(source, "finished");
    return open;
  }

  private ended(run: RouterRun, reason: SessionEnd): void {
    this.clock.clearTimer(run.timer);
    this.clock.clearTimer(run.grace);
    const { source, assembly } = run;
    if (this.leave(run) && !assembly.last && reason !== "closed") {
      // Once more if it goes on later, since a retry node in front waits.
      this.over.set(source!, "cancelled");
      this.cancels.stop(source!, run.send);
    }
    this.over.set(run.key, reason);
    this.rounds.ended(run, reason);
    this.status.show();
  }

  /** Whether a run has this key, or had it lately. Calls have it as their `_msgid`, which outlives a careless flow. */
  private hasRun(key: string | undefined): boolean {
    return key !== undefined && (this.over.has(key) || this.sessions.get(key) !== undefined);
  }
}
