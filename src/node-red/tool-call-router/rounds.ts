import type { AssistantMessage, ToolCall } from "../../core/chat/chunk.js";
import type { Clock } from "../../core/clock.js";
import { Failure, toFailure } from "../../core/failure.js";
import type { SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import { buildNextRequest, readChatRequest } from "../../core/tools/next-request.js";
import { createFailedResult as failureResult, type ToolResult } from "../../core/tools/result.js";
import { ToolRound } from "../../core/tools/round.js";
import type { Done, NodeRed, RuntimeNode } from "../red/api.js";
import { toNodeError } from "../red/node-error.js";
import { feedsRetry, isWired } from "../red/wiring.js";
import type { ToolCalls } from "./calls.js";
import type { StreamMessage } from "./messages.js";
import { nextTurn } from "./requests.js";
import type { RouterRun, RunOutcome } from "./run.js";
import type { RouterSettings } from "./settings.js";
import type { RouterStatus } from "./status.js";

/** The output by which requests leave, from 0. */
const ASK = 1;

const NOTHING_CAME =
  "Nothing came of the request that left by output 2. Is it wired into a chat-stream, and its stream into this node?";
const NO_END =
  "The stream's end never came. Does every message of the chat-stream reach this node, and was the chat-stream deployed anew while it streamed?";
/** Said where a message of a tool's flow is no answer. */
export const LOST_CALL =
  "An answer came back from a tool's flow without msg.toolCall, so nobody knows which call it answers. Keep the message and set its payload: in a function node “msg.payload = …; return msg;”.";
/** Said where a request has not been answered. */
export const CAME_BACK =
  "A request of this node came back to it unanswered. Wire output 2 into a chat-stream, and that one's output into this node.";
/** Said where a request would go nowhere. */
export const NOBODY_ASKED =
  "Nothing is wired to output 2, by which requests leave. Wire it into a chat-stream that is enabled.";
const NO_REQUEST =
  "The stream's last message has no msg.request, so the tools' results cannot be sent back. Leave it on the message.";

/** What the rounds need of their node. */
export interface Workshop {
  red: NodeRed;
  node: RuntimeNode;
  settings: RouterSettings;
  clock: Clock;
  sessions: Sessions<RouterRun>;
  calls: ToolCalls;
  status: RouterStatus;
}

/** What happens between the streams of a run: calls, answers, the next turn, the end. */
export class RouterRounds {
  constructor(private readonly workshop: Workshop) {}

  /** Whether anything is behind output 2. */
  get asksSomebody(): boolean {
    const { red, node } = this.workshop;
    return isWired(red, node, ASK);
  }

  /** A turn's stream has ended: with calls, or the run ends with it. */
  turnEnded(run: RouterRun, last: StreamMessage, done: Done): void {
    const { clock, settings } = this.workshop;
    this.wait(run);
    const { finishReason, answer } = run.ended(last, clock.now());
    run.timedOut = "";
    const calls = answer?.tool_calls ?? [];
    const wellEnded = last.error === undefined && calls.length > 0;
    if (run.cancelled && wellEnded) this.end(run, { finishReason: "cancelled" }, done);
    else if (wellEnded && finishReason === "length") this.end(run, cutOff(), done);
    else if (!wellEnded || finishReason !== "tool_calls") this.end(run, undefined, done);
    else if (run.round > settings.maxRounds) this.end(run, tooManyRounds(settings.maxRounds), done);
    else {
      run.request = readChatRequest(last.request);
      if (run.request) this.call(run, answer!, calls, done);
      else this.end(run, failed(new Failure("configuration", NO_REQUEST, { phase: "end" })), done);
    }
  }

  /** The answer to a call that is open. */
  answer(run: RouterRun, id: string, result: ToolResult): void {
    run.calls!.answer(id, result, this.workshop.clock.now());
    this.settle(run);
  }

  /** Ends a run with a last message of its own, or with that of its last turn. */
  end(run: RouterRun, ending: RunOutcome | undefined, done?: Done): void {
    const { red, node, calls, clock, sessions, status } = this.workshop;
    const failure = ending?.failure;
    if (failure) failure.partial = run.text;
    run.report();
    calls.forget(run);
    const last = run.conclude(clock.now(), ending);
    sessions.end(run.key, "finished");
    run.send(last);
    status.failure(failure?.code ?? "");
    const reported = failure && !feedsRetry(red, node) ? toNodeError(failure) : undefined;
    if (!done) {
      if (reported) node.error(reported, last);
    } else if (reported) done(reported);
    else done();
  }

  /** A run breaks off. */
  fail(run: RouterRun, thrown: unknown, done?: Done): void {
    this.end(run, failed(toFailure(thrown)), done);
  }

  /** A run was ended from outside. */
  ended(run: RouterRun, reason: SessionEnd): void {
    if (reason === "closed") run.calls = undefined;
    if (reason === "cancelled") this.end(run, { finishReason: "cancelled" });
    if (reason === "expired") {
      this.fail(run, new Failure("timeout", run.phase === "asked" ? NOTHING_CAME : NO_END));
    }
    if (reason === "overflow") {
      this.fail(
        run,
        new Failure("limit", "Too many runs are open; the oldest was given up. Let fewer begin at once."),
      );
    }
  }

  /** Has the run wait for so long, in place of what it waited for; without a time, for nothing. */
  wait(run: RouterRun, milliseconds?: number, then: () => void = () => {}): void {
    const { clock } = this.workshop;
    clock.clearTimer(run.timer);
    run.timer = milliseconds === undefined ? undefined : clock.setTimer(then, milliseconds);
  }

  private call(run: RouterRun, answer: AssistantMessage, calls: readonly ToolCall[], done: Done): void {
    const { clock, settings, status } = this.workshop;
    const round = new ToolRound(calls, run.ids, clock.now());
    run.calls = round;
    run.answer = answer;
    run.hold();
    this.wait(run, settings.toolTimeout, () => this.timeOut(run));
    // Errors of the author's making (a message that cannot be cloned) end the run, and not the runtime.
    try {
      this.workshop.calls.send(run);
    } catch (thrown) {
      this.fail(run, thrown, done);
      return;
    }
    if (run.calls === round) this.settle(run);
    status.show();
    done();
  }

  private timeOut(run: RouterRun): void {
    const { node, clock, settings } = this.workshop;
    const seconds = settings.toolTimeout / 1000;
    const silent = [...new Set(run.calls!.openCalls.map(({ call }) => call.function.name.slice(0, 40)))];
    run.timedOut = silent[0] ?? "";
    node.warn(
      `No answer came within ${seconds} s from: ${silent.join(", ")}. Is its flow wired back into this node, with msg.toolCall left on the message?`,
    );
    const told = failureResult(`The tool timed out: no answer came within ${seconds} s.`);
    run.calls!.answerRest(told, clock.now(), "timed_out");
    this.settle(run);
  }

  /** Asks for the next turn once every call has its answer. */
  private settle(run: RouterRun): void {
    const { status } = this.workshop;
    try {
      if (run.calls!.isComplete) this.askNext(run, run.calls!);
    } catch (thrown) {
      this.fail(run, thrown);
    }
    status.show();
  }

  private askNext(run: RouterRun, round: ToolRound): void {
    const { red, node, sessions, calls } = this.workshop;
    this.wait(run);
    if (!this.asksSomebody) throw new Failure("configuration", NOBODY_ASKED, { phase: "end" });
    run.request = buildNextRequest(run.request!, run.answer!, round.buildMessages());
    run.report();
    run.round++;
    run.phase = "asked";
    calls.forget(run);
    sessions.get(run.key);
    // What the message holds is kept here for the run's end.
    run.send([null, red.util.cloneMessage(nextTurn(run, node.id, run.request))]);
  }
}

function failed(failure: Failure): RunOutcome {
  return { finishReason: "error", failure };
}

function cutOff(): RunOutcome {
  const text =
    "The answer was cut off inside a tool call, so no tool was called. Allow more tokens, or ask for less at once.";
  return failed(new Failure("interrupted", text, { phase: "end", retryable: false }));
}

function tooManyRounds(most: number): RunOutcome {
  const text = `The model has called tools ${most} times in a row and wants more. Its conversation is in msg.request; raise the limit of rounds if that is right.`;
  return failed(new Failure("tool_rounds", text, { phase: "end" }));
}
