import type { Clock } from "../core/clock.js";
import { asFailure, Failure } from "../core/failure.js";
import { type SessionEnd, Sessions } from "../core/sessions.js";
import { systemClock } from "../transport/system-clock.js";
import { type Control, controlOf } from "./control.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "./red.js";
import { asksFor } from "./retry-tag.js";
import { ToolCalls } from "./router-calls.js";
import { LinkCalls } from "./router-link.js";
import {
  beginsAgain,
  callOf,
  isErrorOf,
  isStream,
  isWhole,
  type Placed,
  type ToolCallTag,
} from "./router-message.js";
import { firstRequest } from "./router-request.js";
import { asksSomebody, CAME_BACK, LOST_CALL, NOBODY_ASKED, RouterRounds } from "./router-rounds.js";
import { RouterRun } from "./router-run.js";
import { type RouterConfig, type RouterSettings, settingsOf } from "./router-settings.js";
import { RouterStatus } from "./router-status.js";
import { runTagOf } from "./run-tag.js";

/** Runs that may be open: each holds its conversation. */
const MOST_RUNS = 1000;

/** Beside the time that a tool has, a run of which nothing comes for so long is given up; milliseconds. */
const EXPIRY = 3_600_000;

/** After the last message, how long one that was delayed on its way is waited for; milliseconds. */
const STRAGGLERS = 5_000;

/** How long a cancelled stream has to end by itself, with what it said; milliseconds. */
const GRACE = 2_000;

/** Streams and runs that ended lately: what still comes of them is late, not new. */
const REMEMBERED = 1000;

/** What a tool-call-router does: tells whose a message is, and hands it to its run. */
export class RouterController {
  private readonly sessions: Sessions<RouterRun>;
  /** The runs by the streams of their present turns. */
  private readonly bySource = new Map<string, RouterRun>();
  /** Streams that are over, and runs; of a run, whether its tools may still answer. */
  private readonly over = new Map<string, SessionEnd>();
  private readonly settings: RouterSettings;
  /** What is wrong with the settings. Streams pass all the same. */
  private readonly refused: Failure | undefined;
  private readonly rounds: RouterRounds;
  private readonly status: RouterStatus;
  private readonly warned = new Set<string>();
  /** Answers that nobody waited for. */
  private late = 0;

  constructor(
    red: NodeRed,
    private readonly node: RuntimeNode,
    config: RouterConfig,
    private readonly clock: Clock = systemClock,
  ) {
    let settings: RouterSettings;
    try {
      settings = settingsOf(config);
    } catch (thrown) {
      this.refused = asFailure(thrown, "configuration");
      settings = settingsOf({ ...config, tools: [] });
    }
    this.settings = settings;
    this.sessions = new Sessions({
      most: MOST_RUNS,
      expiry: EXPIRY + settings.toolTimeout,
      clock,
      onEnd: (run, reason) => this.ended(run, reason),
    });
    const links = new LinkCalls(red, node, (call, message) =>
      this.answer(call?.run ?? callOf(message, node.id)?.run ?? "", call?.id ?? "", message),
    );
    const { sessions } = this;
    this.status = new RouterStatus(red, node, sessions);
    const calls = new ToolCalls(red, node, settings, links, clock);
    this.rounds = new RouterRounds({ red, node, settings, clock, sessions, calls, status: this.status });
    if (this.refused) this.status.failure(this.refused.code);
  }

  input(message: Message, send: Send, done: Done): void {
    const { id } = this.node;
    const call = callOf(message, id);
    const control = controlOf(message);
    if (beginsAgain(message, id)) {
      if (call) this.sessions.get(call.run)?.streamed.forget(call.id);
      else this.beginAgain(message as Placed, send);
      done();
    } else if (control) {
      this.control(message, control, call, send);
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
    if (tag?.node === this.node.id) {
      const failure = new Failure("configuration", CAME_BACK);
      const run = this.sessions.get(tag.run);
      if (run?.phase !== "asked") {
        // So do failures of the chat-stream, whose stream has told the run already.
        if (message.error !== undefined) return;
        throw failure;
      }
      this.rounds.fail(run, failure);
      return;
    }
    if (!asksSomebody(this.node)) throw new Failure("configuration", NOBODY_ASKED);
    const run = new RouterRun(message, tag, send);
    const { id: node } = this.node;
    const own = { node, run: run.key, round: 1 };
    const { message: first, replaced } = firstRequest(
      message,
      this.settings,
      tag ? { ...own, outer: tag } : own,
    );
    for (const name of replaced) this.warnOf(name);
    this.sessions.open(run.key, run);
    send([null, first]);
    this.status.show();
  }

  private stream(message: Placed, send: Send, done: Done): void {
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
    if (assembly.whole) {
      this.leave(run);
      this.rounds.turnEnded(run, assembly.last as Placed, done);
      return;
    }
    if (assembly.last && run.timer === undefined) {
      this.rounds.wait(run, STRAGGLERS, () => this.rounds.fail(run, assembly.gap()));
    }
    done();
  }

  private beginAgain(message: Placed, send: Send): void {
    const run = this.runOf(message, send);
    if (!run) return;
    this.rounds.wait(run);
    run.beginAgain(message);
  }

  /** @returns undefined where nobody waits for the message */
  private runOf(message: Placed, send: Send): RouterRun | undefined {
    const { id } = message.parts;
    if (this.over.has(id)) return undefined;
    const run = this.bySource.get(id) ?? this.claim(message, send);
    if (!run) {
      // The reader has got his end, or went with an earlier deploy: a service answers in vain.
      this.remember(id, "finished");
      if (message.complete !== true) this.stop(id, send);
      return undefined;
    }
    this.sessions.get(run.key);
    run.send = send;
    return run;
  }

  /** Finds whose turn a stream is that begins. One that no router asked for is a run of its own. */
  private claim(message: Placed, send: Send): RouterRun | undefined {
    const tag = runTagOf(message);
    let run: RouterRun | undefined;
    if (tag?.node === this.node.id) {
      run = this.sessions.get(tag.run);
      if (run?.phase !== "asked" || run.round !== tag.round) return undefined;
    } else {
      run = new RouterRun(message, tag, send);
      this.sessions.open(run.key, run);
    }
    run.begin(message);
    this.bySource.set(message.parts.id, run);
    if (run.cancelled) this.stop(message.parts.id, send);
    this.status.show();
    return run;
  }

  private answer(key: string, id: string, message: Message): void {
    const run = this.sessions.get(key);
    if (run?.calls?.isOpen(id)) {
      const result = run.streamed.take(id, message, this.settings.maxResult);
      if (result) this.rounds.answer(run, id, result);
      return;
    }
    if (!isWhole(message)) return;
    this.late++;
    const text = `An answer to a tool call came too late, or twice, and was dropped (${this.late} so far). Let a tool answer once, and within the time that this node gives it.`;
    const end = this.over.get(key);
    // What was cancelled is not waited for, and nobody is to blame.
    if (run || (end && end !== "cancelled" && end !== "closed")) this.node.warn(text);
    else this.node.debug(text);
  }

  /** Ends runs, and hands the command on to whoever streams for them. */
  private control(message: Message, { reset }: Control, call: ToolCallTag | undefined, send: Send): void {
    const { topic, parts } = message;
    const id = parts?.id;
    // Inject nodes write an empty topic.
    const all = id === undefined && !call && (topic ?? "") === "";
    const meant = (run: RouterRun) => {
      if (id !== undefined) return run.stream === id || run.source === id || asksFor(run.base, id);
      return all || (call ? run.key === call.run : run.base.topic === topic);
    };
    // A chat-stream without conversations knows no topics, and would stop them all.
    const named = id === undefined && !all && !reset;
    let source = id;
    for (const run of this.sessions.list().filter(meant)) {
      if (run.phase === "tools") {
        this.sessions.end(run.key, "cancelled");
        continue;
      }
      const known = run.phase === "streaming" ? run.source : undefined;
      if (source !== undefined) source = known ?? source;
      run.cancelled = true;
      run.grace ??= this.clock.setTimer(() => this.sessions.end(run.key, "cancelled"), GRACE);
      if (named) this.stop(known ?? run.key, send);
    }
    if (named) return;
    send([null, source === undefined ? message : { ...message, parts: { ...parts!, id: source } }]);
  }

  /** The turn's stream is over, or nobody waits for its end. @returns whether it was still open */
  private leave({ source }: RouterRun): boolean {
    if (source === undefined) return false;
    this.remember(source, "finished");
    return this.bySource.delete(source);
  }

  private ended(run: RouterRun, reason: SessionEnd): void {
    this.clock.clearTimer(run.timer);
    this.clock.clearTimer(run.grace);
    if (this.leave(run) && reason !== "closed") this.stop(run.source!, run.send);
    this.remember(run.key, reason);
    this.rounds.ended(run, reason);
    this.status.show();
  }

  /** Has a stream stopped at its source. */
  private stop(id: string, send: Send): void {
    send([null, { cancel: true, parts: { id, index: 0 } }]);
  }

  /** Whether a run has this key, or had it lately. Calls have it as their `_msgid`, which outlives a careless flow. */
  private hasRun(key: string | undefined): boolean {
    return key !== undefined && (this.over.has(key) || this.sessions.get(key) !== undefined);
  }

  private remember(key: string, reason: SessionEnd): void {
    this.over.delete(key);
    this.over.set(key, reason);
    if (this.over.size > 2 * REMEMBERED) this.over.delete(this.over.keys().next().value!);
  }

  private warnOf(name: string): void {
    if (this.warned.has(name)) return;
    this.warned.add(name);
    this.node.warn(`The message brought a tool “${name}” of its own; this node's tool of that name is used.`);
  }
}
