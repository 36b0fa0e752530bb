import { type BackoffOptions, decide } from "../core/backoff.js";
import { type ContinuationStyle, continuationOf } from "../core/continuation.js";
import { Failure, type FailureData } from "../core/failure.js";
import { FailureWindow } from "../core/failure-window.js";
import { OverlapTrimmer } from "../core/overlap.js";
import type { ChatRequest } from "../core/request.js";
import { RetryBudget } from "../core/retry-budget.js";
import { type SessionEnd, Sessions } from "../core/sessions.js";
import type { Stats } from "../core/stats.js";
import { takesPrefill } from "../providers/index.js";
import { systemClock } from "../transport/system-clock.js";
import { controlOf } from "./control.js";
import { toNodeError } from "./error.js";
import { carried } from "./message.js";
import type { Done, Message, NodeConfig, NodeRed, RuntimeNode, Send } from "./red.js";
import {
  failureOf,
  newSession,
  place,
  type RetrySession,
  type RetryTag,
  tagOf,
  totalStats,
} from "./retry-session.js";
import { StatusLine } from "./status.js";

/** A retry node as it stands in a flow file. */
export interface RetryConfig extends NodeConfig {
  /** Requests by one output, the first included. */
  attempts?: number | string;
  /** Milliseconds. */
  delay?: number | string;
  maxDelay?: number | string;
  /** What to do where the reader has text already. */
  afterText?: "continue" | "restart" | "stop";
  continueBy?: "auto" | ContinuationStyle;
}

const DEFAULTS = { attempts: 3, delay: 500, maxDelay: 20_000 } as const;

/** Streams that may be open. */
const MOST_STREAMS = 1000;

/** A stream of which nothing has come for so long is given up: longer than any provider's default timeout, ms. */
const EXPIRY = 900_000;

/** Failures that another service would have no better answer to. */
const NO_FALLBACK: ReadonlySet<string> = new Set(["invalid_request", "content_filter", "cancelled", "limit"]);

const OUTPUT: Readonly<Record<RetrySession["route"], number>> = { again: 1, fallback: 2 };

/** What a retry node does. */
export class RetryController {
  private readonly sessions: Sessions<RetrySession>;
  /** From the id of a running attempt to the reader's. */
  private readonly readers = new Map<string, string>();
  private readonly budget = new RetryBudget();
  private readonly failures = new FailureWindow();
  private readonly status: StatusLine;
  private readonly backoff: BackoffOptions;
  private readonly attempts: number;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    private readonly config: RetryConfig,
  ) {
    this.attempts = setting(config.attempts, DEFAULTS.attempts);
    this.backoff = {
      delay: setting(config.delay, DEFAULTS.delay),
      maxDelay: setting(config.maxDelay, DEFAULTS.maxDelay),
    };
    this.sessions = new Sessions({
      most: MOST_STREAMS,
      expiry: EXPIRY,
      clock: systemClock,
      onEnd: (session, reason) => this.ended(session, reason),
    });
    this.status = new StatusLine(node);
  }

  input(message: Message, send: Send, done: Done): void {
    if (this.control(message, send)) {
      done();
      return;
    }
    const id = message.parts?.id;
    if (typeof id !== "string") {
      this.stray(message, send);
      done();
      return;
    }
    const session = this.sessionOf(id, message, send);
    session.send = send;
    if (message.complete === true) this.last(session, message, done);
    else {
      this.pass(session, message);
      done();
    }
  }

  /** Nothing is asked again after a redeploy, and nothing is said of it. */
  close(): void {
    this.sessions.endAll("closed");
    this.status.close();
  }

  private sessionOf(id: string, message: Message, send: Send): RetrySession {
    const known = this.sessions.get(this.readers.get(id) ?? id);
    if (known) return known;
    const tag = tagOf(message);
    const expected = tag ? this.sessions.get(tag.stream) : undefined;
    if (expected && expected.source === undefined) {
      expected.source = id;
      this.readers.set(id, expected.id);
      return expected;
    }
    const session = newSession(id, send);
    this.sessions.open(id, session);
    return session;
  }

  /** The path of a chunk: on with it, in its place. */
  private pass(session: RetrySession, message: Message): void {
    const { chunk } = message;
    if (chunk !== undefined) this.note(session, chunk);
    if (session.trimmer && typeof message.payload === "string" && message.payload !== "") {
      const fresh = session.trimmer.push(message.payload);
      if (fresh === "" && chunk === undefined) return;
      message.payload = fresh;
    }
    session.send(place(session, message));
  }

  private note(session: RetrySession, chunk: unknown): void {
    const { choices } = chunk as { choices?: { delta?: { tool_calls?: unknown } }[] };
    session.sentOther = true;
    if (Array.isArray(choices) && choices.some((choice) => choice?.delta?.tool_calls))
      session.sentToolCall = true;
  }

  private last(session: RetrySession, message: Message, done: Done): void {
    const failure = failureOf(message);
    session.request ??= message.request as ChatRequest | undefined;
    session.stats = totalStats(session.stats, message.stats as Stats | undefined, session.attempts);
    if (session.source) this.readers.delete(session.source);
    if (!failure) {
      this.budget.succeeded(session.attempts - 1);
      this.conclude(session, message);
      done();
      return;
    }
    this.failures.failed(systemClock.now());
    this.release(session, message);
    session.said += failure.partial.slice(session.trimmer?.trimmed ?? 0);
    session.trimmer = undefined;
    const reason = this.plan(session, failure, message, done);
    if (reason !== undefined) this.giveUp(session, message, done, reason);
  }

  /** Arranges the next attempt. @returns why there is none. */
  private plan(
    session: RetrySession,
    failure: FailureData,
    message: Message,
    done: Done,
  ): string | undefined {
    if (session.said !== "" && this.config.afterText === "stop") return "";
    if (!session.request) return "";
    const options = { ...this.backoff };
    const decision = decide(failure, session.tries, options, Math.random());
    const again = this.isWired(session.route) && session.tries < this.attempts && "wait" in decision;
    if (again && this.budget.spend()) {
      session.tries++;
      this.wait(session, Math.max(decision.wait, this.failures.wait(systemClock.now())), message, done);
      return undefined;
    }
    if (session.route === "again" && this.isWired("fallback") && !NO_FALLBACK.has(failure.code)) {
      session.route = "fallback";
      session.tries = 1;
      this.wait(session, 0, message, done);
      return undefined;
    }
    if ("giveUp" in decision) return failure.retryable ? decision.giveUp : "";
    if (!again) return session.attempts > 1 ? `Given up after ${session.attempts} attempts.` : "";
    return "The service fails so often that it is not asked again for now.";
  }

  private wait(session: RetrySession, milliseconds: number, last: Message, done: Done): void {
    const timer = systemClock.setTimer(() => this.ask(session), milliseconds);
    session.waiting = { timer, last, done };
    this.status.show(() => ({
      fill: "yellow",
      shape: "ring",
      text: this.red._("retry.status.waiting", {
        attempt: session.tries,
        attempts: this.attempts,
        seconds: Math.ceil(milliseconds / 1000),
      }),
    }));
  }

  /** Sends the request once more; the stream that comes of it finds its reader by the tag. */
  private ask(session: RetrySession): void {
    const { last, done } = session.waiting!;
    session.waiting = undefined;
    session.source = undefined;
    session.attempts++;
    const request = session.request!;
    const tag: RetryTag = { stream: session.id, attempt: session.attempts };
    let { messages } = request;
    if (session.said !== "" && this.canContinue(session)) {
      const continuation = continuationOf(messages, session.said, this.styleFor(session, failureOf(last)));
      messages = continuation.messages;
      session.trimmer = new OverlapTrimmer(session.said, continuation.echo);
      tag.continues = { added: continuation.added, text: session.said };
    } else if (session.index > 0) this.startOver(session, last);
    const message: Message = { ...carried(last), payload: "", messages, retry: tag };
    if (request.tools) message.tools = request.tools;
    // The fallback has a model and parameters of its own.
    if (session.route === "again")
      Object.assign(message, { model: request.model, options: request.parameters });
    if (last.conversation !== undefined) message.conversation = last.conversation;
    if (last.parts?.parts) message.parts = last.parts.parts;
    const outputs: (Message | null)[] = [null, null, null];
    outputs[OUTPUT[session.route]] = this.red.util.cloneMessage(message);
    session.send(outputs);
    done();
  }

  private canContinue(session: RetrySession): boolean {
    return this.config.afterText !== "restart" && !session.sentToolCall;
  }

  /** The reader forgets what it has, and the stream begins again under its old name. */
  private startOver(session: RetrySession, last: Message): void {
    const reset: Message = {
      ...carried(last),
      payload: "",
      reset: true,
      parts: { ...last.parts!, id: session.id, index: 0 },
    };
    delete reset["retry"];
    delete reset.parts!.count;
    session.send(reset);
    session.index = 0;
    session.said = "";
    session.sentOther = false;
    session.sentToolCall = false;
    session.stats = session.stats && { ...session.stats, chunks: 0, characters: 0, firstTokenMs: null };
  }

  private styleFor(session: RetrySession, failure: FailureData | undefined): ContinuationStyle {
    const { continueBy = "auto" } = this.config;
    if (continueBy !== "auto") return continueBy;
    return session.route === "again" && takesPrefill(failure?.provider ?? "") ? "prefill" : "quote";
  }

  /** Sends text that was held because it might have been a repetition. */
  private release(session: RetrySession, message: Message): void {
    const held = session.trimmer?.end() ?? "";
    if (held === "") return;
    session.send(place(session, { ...carried(message), payload: held, parts: { ...message.parts! } }));
  }

  /** The one last message of the reader's stream. */
  private conclude(session: RetrySession, message: Message): void {
    this.release(session, message);
    const last = place(session, message);
    last.parts!.count = session.index;
    if (session.stats) last.stats = session.stats;
    if (session.request && session.attempts > 1) last.request = session.request;
    session.send(last);
    this.sessions.end(session.id, "finished");
    this.show();
  }

  private giveUp(session: RetrySession, message: Message, done: Done, reason: string): void {
    const found = failureOf(message)!;
    const failure = new Failure(found.code, reason === "" ? found.message : `${found.message} ${reason}`, {
      ...found,
      partial: session.said,
    });
    message.error = failure.toJSON();
    this.conclude(session, message);
    done(toNodeError(failure));
  }

  /** @returns whether the message was one */
  private control(message: Message, send: Send): boolean {
    const control = controlOf(message);
    // A stream's own messages may pass a reset on: it is for whoever reads behind this node.
    if (!control || (control.reset && tagOf(message))) return false;
    const id = message.parts?.id;
    const which = (session: RetrySession) => id === undefined || session.id === id || session.source === id;
    for (const session of this.sessions.list().filter(which)) {
      if (session.waiting) this.sessions.end(session.id, control.reset ? "closed" : "cancelled");
      else if (session.source)
        send([null, { ...carried(message), cancel: true, parts: { id: session.source, index: 0 } }, null]);
    }
    this.show();
    return true;
  }

  /** A session was ended from outside, or is over. */
  private ended(session: RetrySession, reason: SessionEnd): void {
    if (session.source) this.readers.delete(session.source);
    const { waiting } = session;
    session.waiting = undefined;
    if (waiting) systemClock.clearTimer(waiting.timer);
    if (reason === "cancelled" && waiting) {
      const last = place(session, { ...waiting.last, finishReason: "cancelled", payload: "" });
      delete last.error;
      last.parts!.count = session.index;
      session.send(last);
    }
    waiting?.done();
    if (reason === "expired" || reason === "overflow") this.abandon(session, reason);
  }

  private abandon(session: RetrySession, reason: "expired" | "overflow"): void {
    const failure =
      reason === "expired"
        ? new Failure(
            "timeout",
            "Nothing more came of this stream. Is output 2 wired back into the chat-stream?",
          )
        : new Failure("limit", "Too many streams are open; the oldest was given up.");
    const last: Message = {
      payload: "",
      complete: true,
      finishReason: "error",
      usage: null,
      error: { ...failure.toJSON(), partial: session.said },
      parts: { id: session.id, index: session.index, count: session.index + 1, type: "string", ch: "" },
    };
    session.send(last);
    this.node.error(toNodeError(failure), last);
  }

  /** A message that is part of no stream goes on as it is; but what comes from a Catch node has lost its way. */
  private stray(message: Message, send: Send): void {
    const error = message.error as { source?: unknown } | undefined;
    if (error && typeof error === "object" && error.source !== undefined) {
      throw new Failure(
        "configuration",
        "retry does not work on what a Catch node sends. Wire it straight behind the chat-stream, and its output 2 back into it.",
      );
    }
    send(message);
  }

  private isWired(route: RetrySession["route"]): boolean {
    return (this.node.wires?.[OUTPUT[route]] ?? []).length > 0;
  }

  private show(): void {
    if (this.sessions.list().some(({ waiting }) => waiting)) return;
    this.status.show(() => ({}));
  }
}

function setting(value: unknown, otherwise: number): number {
  const number = Number(value);
  return value !== undefined && value !== "" && Number.isFinite(number) && number >= 0 ? number : otherwise;
}
