import type { Clock } from "../../core/clock.js";
import { Failure, toFailure } from "../../core/failure.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import { systemClock } from "../../transport/system-clock.js";
import { type AskTag, findTagOf, type RunTag, readTags, selectTagsOutside } from "../messages/ask-tags.js";
import { type InFlight, inFlight } from "../messages/in-flight.js";
import type { StreamMessage } from "../messages/stream-message.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { NodeHost } from "../red/host.js";
import { logDetail, logWarning, WarnOnce } from "../red/log.js";
import { describeDeadEnd } from "../red/wiring.js";
import { describeLateAnswer } from "./calls/answers.js";
import type { LinkedCall } from "./calls/link-calls.js";
import { ToolCalls } from "./calls/tool-outputs.js";
import { classifyMessage, isWholeAnswer, readCall } from "./classify.js";
import { KeptRuns } from "./kept/keeper.js";
import { listRuns } from "./kept/list-runs.js";
import { restoreRun, type StoredRun } from "./kept/stored-run.js";
import { OfferedTools } from "./mcp/offered-tools.js";
import { ServerCalls } from "./mcp/server-calls.js";
import { SharedTools } from "./mcp/shared-tools.js";
import { RunRecord } from "./record.js";
import { composeFirstTurn } from "./requests.js";
import { RouterRun } from "./run.js";
import type { RunContext } from "./run-events.js";
import { type RouterPorts, RunSession } from "./session.js";
import { RouterCancel } from "./sessions/cancel.js";
import { StreamClaims } from "./sessions/stream-claims.js";
import { ASK, type RouterConfig, readSettings } from "./settings.js";
import { RouterStatus } from "./status.js";
import { CAME_BACK, LOST_CALL, NO_END, NOTHING_CAME } from "./texts.js";

/** Runs that may be open: each holds its conversation. */
const MAX_RUNS = 1000;

/** A run is given up if nothing comes for this time plus the time that a tool has. */
const EXPIRY_MS = 3_600_000;

/** Streams and runs that ended lately: what still comes of them is late, not new. */
const MAX_REMEMBERED = 2000;

const TOO_MANY = `More than ${MAX_RUNS} runs are open; the oldest was given up. Let fewer begin at once.`;

/** What a tool-call-router does: finds the run that a message belongs to, and hands it over. */
export class RouterController {
  private readonly sessions: Sessions<RunSession>;
  /** Ids of streams and runs that ended, with the reason. */
  private readonly ended = new RecentMap<SessionEnd>(MAX_REMEMBERED);
  private readonly claims: StreamClaims;
  private readonly cancels: RouterCancel;
  /** What is wrong with the settings. Streams pass all the same. */
  private readonly misconfigured: Failure | undefined;
  private readonly ports: RouterPorts;
  private readonly context: RunContext;
  private readonly status: RouterStatus;
  private readonly tools: OfferedTools;
  private readonly shared: SharedTools;
  private readonly kept: KeptRuns | undefined;
  private lateAnswers = 0;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    config: RouterConfig,
    clock: Clock = systemClock,
    requests: InFlight = inFlight,
  ) {
    const { settings, problem } = readSettings(config);
    const host = new NodeHost(red, node, clock);
    const router = { red, node, host, inFlight: requests, settings, warnings: new WarnOnce(node) };
    this.misconfigured = problem;
    this.sessions = new Sessions({
      maxOpen: MAX_RUNS,
      expiryMs: EXPIRY_MS + Math.max(settings.toolTimeout, settings.maxWait),
      clock: host.clock,
      onEnd: (session, reason) => this.endSession(session, reason),
    });
    this.cancels = new RouterCancel(node, this.sessions);
    this.claims = new StreamClaims(router, this.sessions, this.ended, this.cancels, (message, send) =>
      this.createSession(message, send),
    );
    this.status = new RouterStatus(red, node, () => this.listOpen());
    const calls = new ToolCalls(router, (call, message) =>
      this.answer(call ?? { run: readCall(message, node.id)?.run ?? "", id: "" }, message),
    );
    this.shared = new SharedTools(router, calls);
    this.tools = new OfferedTools(router);
    this.context = {
      node: node.id,
      settings,
      now: () => clock.now(),
      date: () => clock.date(),
      listTools: () => this.tools.list(),
      findDeadEnd: () => describeDeadEnd(red, node, ASK),
      findMissingTool: (tool, name) => calls.findMissing(tool, name),
    };
    if (settings.keepRuns !== "")
      this.kept = new KeptRuns(router, this.tools, this.context, (run) => this.resume(run));
    this.ports = {
      ...router,
      calls,
      serverCalls: new ServerCalls(router, (run) => this.sessions.get(run)),
      keeper: this.kept,
      onSourceEnd: (source, hasEnded, send) => this.claims.close(source, hasEnded, send),
      onEnd: ({ run }, { code, isCancelled }) => {
        const { key } = run.record;
        this.sessions.end(key, isCancelled ? "cancelled" : "finished");
        void this.kept?.forget(key);
        this.status.showFailure(code);
      },
      onChange: ({ run }) => {
        // A sign of life.
        this.sessions.get(run.record.key);
        this.status.show();
      },
    };
    if (problem) this.status.showFailure(problem.code);
    // The programs of MCP servers start with the flow.
    this.tools.prepare(() => {});
  }

  input(message: Message, send: Send, done: Done): void | Promise<void> {
    if (this.kept?.loading) return this.kept.loading.then(() => this.input(message, send, done));
    const incoming = classifyMessage(message, this.node.id, (key) => this.isRun(key));
    switch (incoming.kind) {
      case "stream":
        this.takeStream(incoming.message, send, done);
        return;
      case "answer":
        this.answer(incoming.call, message);
        break;
      case "control":
        this.cancels.control(message, incoming.control, incoming.call, send);
        break;
      case "list":
        send({ ...message, payload: listRuns(this.listOpen(), this.node.id) });
        break;
      case "lostAnswer":
        if (isWholeAnswer(message)) throw new Failure("configuration", LOST_CALL);
        break;
      case "request":
        this.request(message, send);
        break;
      case "ownError":
        break;
    }
    done();
  }

  /** What is under way is let go: what is sent now would reach the flow that comes after. */
  close(): Promise<void> | undefined {
    this.shared.close();
    this.sessions.endAll("closed");
    this.status.close();
    return this.kept?.close();
  }

  private request(message: Message, send: Send): void {
    if (this.misconfigured) throw this.misconfigured;
    const own = findTagOf(message, this.node.id);
    if (own?.kind === "run") {
      this.refuseReturned(own, message);
      return;
    }
    const deadEnd = this.context.findDeadEnd();
    if (deadEnd !== undefined) throw new Failure("configuration", deadEnd);
    const session = this.createSession(message, send);
    const { run } = session;
    const { key } = run.record;
    if (!this.cancels.admit(key, message)) {
      session.handle({ type: "cancelled" });
      return;
    }
    this.sessions.open(key, session);
    let hasWaited = false;
    this.tools.prepare(() => {
      if (session.run.state.phase !== "asked") return;
      try {
        this.askFirstTurn(session, message);
      } catch (thrown) {
        if (hasWaited) session.handle({ type: "lost", failure: toFailure(thrown) });
        else {
          this.sessions.end(key, "finished");
          throw thrown;
        }
      }
    });
    hasWaited = true;
    this.status.show();
  }

  /** Asks for the first turn of a run. @throws Failure `invalid_request`, `configuration` */
  private askFirstTurn(session: RunSession, message: Message): void {
    const { node, settings, warnings } = this.ports;
    const tag: RunTag = { kind: "run", node: node.id, run: session.run.record.key, round: 1 };
    const first = composeFirstTurn(message, settings, this.tools.list(), tag);
    for (const text of first.warnings) warnings.warn(text);
    session.sendRequest(tag, first.message);
  }

  /** A request of this node has come back to it: nobody would ever answer it. */
  private refuseReturned({ run, over }: RunTag, message: Message): void {
    const failure = new Failure("configuration", CAME_BACK);
    const session = over ? undefined : this.sessions.get(run);
    if (session?.run.state.phase === "asked") session.handle({ type: "lost", failure });
    // A failure of the chat-stream comes back, too. The run already knows it from the stream.
    else if (message.error === undefined) throw failure;
  }

  private takeStream(message: StreamMessage, send: Send, done: Done): void {
    const session = this.claims.find(message, send);
    if (!session) {
      done();
      return;
    }
    session.send = send;
    session.add(message, done);
  }

  private createSession(message: Message, send: Send): RunSession {
    const outer = this.selectLiving(selectTagsOutside(readTags(message), this.node.id));
    return new RunSession(new RouterRun(new RunRecord(message, outer), this.context), send, this.ports);
  }

  /** Tags of routers that no longer exist belong to nobody. */
  private selectLiving(tags: readonly AskTag[]): AskTag[] {
    return tags.filter((tag) => tag.kind !== "run" || (!tag.over && this.red.nodes.getNode(tag.node)));
  }

  /** Goes on with a run of the node's life before a redeploy or a restart. */
  private resume(stored: StoredRun): void {
    const { context, node, ports } = this;
    const outerTags = this.selectLiving(stored.outerTags);
    const { record, state } = restoreRun({ ...stored, outerTags }, context);
    const run = new RouterRun(record, context, state);
    const session = new RunSession(run, (output) => node.send(output), ports);
    this.cancels.admit(record.key, record.base);
    this.sessions.open(record.key, session);
    session.handle({ type: "resumed" });
  }

  private listOpen(): RouterRun[] {
    return this.sessions.list().map(({ run }) => run);
  }

  private answer({ run: key, id }: LinkedCall, message: Message): void {
    if (this.shared.take(key, message)) return;
    const session = this.sessions.get(key);
    if (session?.takeAnswer(id, message)) return;
    if (!isWholeAnswer(message) || session?.answers.isRepeatedFailure(id, message)) return;
    const end = this.ended.get(key);
    // What was cancelled is not waited for, and nobody is to blame.
    const isExpected = message.finishReason === "cancelled" || end === "cancelled" || end === "closed";
    const log = (session || end) && !isExpected ? logWarning : logDetail;
    log(this.node, describeLateAnswer(readCall(message, this.node.id), ++this.lateAnswers));
  }

  private endSession(session: RunSession, reason: SessionEnd): void {
    this.ended.set(session.run.record.key, reason);
    const { phase } = session.run.state;
    if (reason === "expired") {
      const text = phase === "asked" ? NOTHING_CAME : NO_END;
      session.handle({ type: "lost", failure: new Failure("timeout", text) });
    } else if (reason === "overflow")
      session.handle({ type: "lost", failure: new Failure("limit", TOO_MANY) });
    else if (reason === "closed") session.abandon();
    else session.close();
    this.status.show();
  }

  private isRun(key: string): boolean {
    return this.shared.has(key) || this.ended.has(key) || this.sessions.get(key) !== undefined;
  }
}
