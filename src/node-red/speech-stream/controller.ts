import { randomUUID } from "node:crypto";
import type { SpeechObserver, SpeechResult } from "../../client/speech-run.js";
import type { Clock } from "../../core/clock.js";
import { Failure, toFailure } from "../../core/failure.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import type { SpeechRequest } from "../../providers/shared/speech.js";
import { systemClock } from "../../transport/system-clock.js";
import { requireProvider } from "../chat-provider/lookup.js";
import type { RunningRequest } from "../chat-provider/runtime.js";
import { MAX_ORPHAN_WAIT_MS, OrphanWatch } from "../messages/closed-streams.js";
import { findTargetStreams, readControl, resetStreams } from "../messages/control.js";
import { endStream, isLate, MAX_OPEN_STREAMS, STREAM_EXPIRY_MS } from "../messages/open-streams.js";
import {
  createRestartNotice,
  hasPlace,
  isLastMessage,
  isRestartNotice,
  readRestarts,
  type StreamMessage,
} from "../messages/stream-message.js";
import type { Done, Message, NodeConfig, NodeRed, NodeStatus, RuntimeNode, Send } from "../red/api.js";
import { NodeHost } from "../red/host.js";
import { readStreamId } from "../red/names.js";
import { readJsonObject, readNumber } from "../red/settings.js";
import { StatusLine } from "../red/status-line.js";
import { isSpeakable, SpeechSequence } from "./sequence.js";

/** A speech-stream's properties in a flow file. */
export interface SpeechStreamConfig extends NodeConfig {
  provider?: string;
  model?: string;
  voice?: string;
  format?: string;
  speed?: number | string;
  /** Message property that holds the text. */
  property?: string;
  /** JSON text: further request fields of the service. */
  options?: string;
}

/** The failure of a stream that the node itself ended, by reason. Other reasons are no failure. */
const FAILURES_BY_END: Readonly<Partial<Record<SessionEnd, () => Failure>>> = {
  expired: () =>
    new Failure(
      "timeout",
      "The text did not end in time, so its audio ends here. Check that the stream before this node ends.",
    ),
  orphaned: () =>
    new Failure(
      "interrupted",
      "A deploy closed the node that this text came from, so its audio ends here. Ask again.",
    ),
  overflow: () =>
    new Failure(
      "limit",
      `More than ${MAX_OPEN_STREAMS} texts are open in this node, so the oldest one was ended. Send fewer texts at once.`,
    ),
};

/** The runtime half of a speech-stream node: finds the sequence that a text belongs to, and asks for its audio. */
export class SpeechController {
  private readonly host: NodeHost;
  private readonly sessions: Sessions<SpeechSequence>;
  private readonly orphans: OrphanWatch;
  private readonly status: StatusLine;
  /** Status of the sequence that ended last. */
  private endStatus: NodeStatus = {};

  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
    private readonly config: SpeechStreamConfig,
    private readonly clock: Clock = systemClock,
  ) {
    this.host = new NodeHost(red, node, clock);
    this.sessions = new Sessions({
      maxOpen: MAX_OPEN_STREAMS,
      expiryMs: STREAM_EXPIRY_MS,
      clock: this.host.clock,
      rememberedEnds: ["finished", "orphaned"],
      onEnd: (sequence, reason) => this.handleSessionEnd(sequence, reason),
    });
    this.orphans = new OrphanWatch(this.host.clock, this.sessions, MAX_ORPHAN_WAIT_MS);
    this.status = new StatusLine(node);
  }

  input(message: Message, send: Send, done: Done): void {
    const control = readControl(message);
    if (control) {
      if (control.reset) {
        resetStreams(this.sessions, message);
        // The nodes behind this one have the beginning of the audio and must forget it too.
        send({ ...message });
      } else
        for (const sequence of findTargetStreams(this.sessions, message))
          sequence.finish({ outcome: "cancelled" });
      this.showStatus();
      done();
      return;
    }
    const streamId = readStreamId(message);
    if (hasPlace(message) && !this.followRestart(message, send)) {
      done();
      return;
    }
    const isPartOfStream = streamId !== undefined;
    const id = streamId ?? randomUUID();
    if (isLate(this.sessions, id, message)) {
      done();
      return;
    }
    const text = this.readText(message, isPartOfStream);
    const isLast = !isPartOfStream || isLastMessage(message);
    const request = this.createRequest(message, text);
    const sequence = this.sessions.get(id) ?? this.open(id, { message, send });
    const canSpeak = isSpeakable(text);
    if (canSpeak) sequence.add({ message, send, done, request });
    if (isLast) sequence.end(message, send, canSpeak ? () => {} : done);
    else if (!canSpeak) done();
    this.showStatus();
  }

  /** Ends everything without a last message. If one were sent now, it would reach the newly deployed flow. */
  close(): void {
    this.orphans.close();
    this.sessions.endAll("closed");
    this.status.close();
  }

  /** Starts over if the text begins again. @returns whether the message is to be spoken */
  private followRestart(message: StreamMessage, send: Send): boolean {
    const { id } = message.parts;
    const restarts = readRestarts(message);
    const known = this.sessions.get(id)?.restarts ?? 0;
    if (restarts > known) {
      this.sessions.end(id, "cancelled");
      // The nodes behind this one have the beginning of the audio and must forget it too.
      send(createRestartNotice(message));
      this.open(id, { message, send }, restarts);
    }
    return restarts >= known && !isRestartNotice(message);
  }

  private open(id: string, first: { message: Message; send: Send }, restarts = 0): SpeechSequence {
    const sequence = new SpeechSequence({
      id,
      restarts,
      first,
      speak: (request, observer) => this.speak(request, observer),
      now: () => this.clock.now(),
      onProgress: () => {
        // Keeps the session alive: speaking a long text takes longer than receiving it.
        this.sessions.get(id);
        this.showStatus();
      },
      onEnd: (result, end) => {
        this.endStatus = this.createEndStatus(result);
        if (end) endStream(this.sessions, id, end);
        else this.sessions.end(id, "finished");
        this.showStatus();
      },
    });
    this.sessions.open(id, sequence);
    return sequence;
  }

  private speak(request: SpeechRequest, observer: SpeechObserver): RunningRequest {
    try {
      return requireProvider(this.red, this.config.provider).runtime.speak(request, observer);
    } catch (thrown) {
      const failure = toFailure(thrown);
      queueMicrotask(() => observer.onEnd({ outcome: "failed", failure }));
      return { cancel: () => {} };
    }
  }

  /** @throws Failure `invalid_request` if a message that is not part of a stream has no text */
  private readText(message: Message, isPartOfStream: boolean): string {
    const property = this.config.property || "payload";
    const value = this.red.util.getMessageProperty(message, property);
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    if (isPartOfStream) return "";
    throw new Failure("invalid_request", `There is no text to speak: msg.${property} must be a string.`);
  }

  /** @throws Failure `configuration` if a setting is not valid */
  private createRequest(message: Message, text: string): SpeechRequest {
    const { model, format, speed, options } = this.config;
    const request: SpeechRequest = { text };
    if (model) request.model = model.trim();
    const voice = message["voice"] ?? this.config.voice;
    if (typeof voice === "string" && voice !== "") request.voice = voice;
    if (format) request.format = format;
    const speedFactor = readNumber(speed, "setting speed", { above: 0 });
    if (speedFactor !== undefined) request.speed = speedFactor;
    const parameters = readJsonObject(options, "setting options (“More fields”)");
    if (parameters) request.parameters = parameters;
    return request;
  }

  private handleSessionEnd(sequence: SpeechSequence, reason: SessionEnd): void {
    const failure = FAILURES_BY_END[reason]?.();
    if (!failure) sequence.drop();
    else if (!sequence.finish({ outcome: "failed", failure })) this.host.error(failure, {});
  }

  private createEndStatus({ outcome, failure }: SpeechResult): NodeStatus {
    if (failure) return { fill: "red", shape: "dot", text: failure.code };
    if (outcome === "cancelled") return { fill: "grey", shape: "ring", text: this.translate("cancelled") };
    return { fill: "green", shape: "dot", text: this.translate("done") };
  }

  private showStatus(): void {
    this.status.show(() => {
      const sequences = this.sessions.list();
      if (sequences.length === 0) return this.endStatus;
      const waiting = sequences.reduce((sum, sequence) => sum + sequence.waitingCount, 0);
      const isSpeaking = sequences.some(({ hasAudio }) => hasAudio);
      return {
        fill: "blue",
        shape: isSpeaking ? "dot" : "ring",
        text: this.translate(waiting > 0 ? "queue" : isSpeaking ? "speaking" : "waiting", { waiting }),
      };
    });
  }

  private translate(key: string, values: Record<string, string | number> = {}): string {
    return this.red._(`speech-stream.status.${key}`, values);
  }
}
