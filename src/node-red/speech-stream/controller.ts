import { randomUUID } from "node:crypto";
import type { SpeechObserver, SpeechResult } from "../../client/speech-run.js";
import type { Clock } from "../../core/clock.js";
import { Failure, toFailure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { type SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import type { SpeechRequest } from "../../providers/shared/speech.js";
import { systemClock } from "../../transport/system-clock.js";
import { requireProvider } from "../chat-provider/lookup.js";
import type { RunningChat } from "../chat-provider/runtime.js";
import { findTargetStreams, readControl, resetStreams } from "../messages/control.js";
import { isLastMessage } from "../messages/stream-message.js";
import type { Done, Message, NodeConfig, NodeRed, NodeStatus, RuntimeNode, Send } from "../red/api.js";
import { toNodeError } from "../red/node-error.js";
import { StatusLine } from "../red/status-line.js";
import { isSpeakable, SpeechSequence } from "./sequence.js";

/** A speech-stream as it stands in a flow file. */
export interface SpeechStreamConfig extends NodeConfig {
  provider?: string;
  model?: string;
  voice?: string;
  format?: string;
  speed?: number | string;
  /** Of the message: where the text is. */
  property?: string;
  /** JSON text: the service's own request fields. */
  options?: string;
}

/** Sequences that may be open. */
const MAX_SEQUENCES = 1000;

/** A text of which nothing has come for so long is given up; milliseconds. */
const SEQUENCE_EXPIRY_MS = 900_000;

const FAILURES_BY_END: Readonly<Partial<Record<SessionEnd, () => Failure>>> = {
  expired: () => new Failure("timeout", "The text that was to be spoken never came to its end."),
  overflow: () => new Failure("limit", `More than ${MAX_SEQUENCES} texts are to be spoken at the same time.`),
};

/** What a speech-stream node does: finds the sequence that a text belongs to, and says how it is to be spoken. */
export class SpeechController {
  private readonly sessions: Sessions<SpeechSequence>;
  private readonly status: StatusLine;
  private endStatus: NodeStatus = {};

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    private readonly config: SpeechStreamConfig,
    private readonly clock: Clock = systemClock,
  ) {
    this.sessions = new Sessions({
      maxOpen: MAX_SEQUENCES,
      expiryMs: SEQUENCE_EXPIRY_MS,
      clock,
      rememberedEnds: ["finished"],
      onEnd: (sequence, reason) => this.onSessionEnd(sequence, reason),
    });
    this.status = new StatusLine(node);
  }

  input(message: Message, send: Send, done: Done): void {
    const control = readControl(message);
    if (control) {
      if (control.reset) {
        resetStreams(this.sessions, message);
        // Whoever plays it has the beginning of what is taken back.
        send({ ...message });
      } else
        for (const sequence of findTargetStreams(this.sessions, message))
          sequence.finish({ outcome: "cancelled" });
      this.showStatus();
      done();
      return;
    }
    const { parts } = message;
    const within = typeof parts?.id === "string";
    const id = within ? parts!.id : randomUUID();
    if (this.sessions.hasEnded(id)) {
      done();
      return;
    }
    const text = this.readText(message, within);
    const ends = !within || isLastMessage(message);
    const request = this.createRequest(message, text);
    const sequence = this.sessions.get(id) ?? this.open(id, { message, send });
    const speaks = isSpeakable(text);
    if (speaks) sequence.add({ message, send, done, request });
    if (ends) sequence.end(message, send, speaks ? () => {} : done);
    else if (!speaks) done();
    this.showStatus();
  }

  /** Ends everything without a word: what is sent now would reach the flow that comes after. */
  close(): void {
    this.sessions.endAll("closed");
    this.status.close();
  }

  private open(id: string, first: { message: Message; send: Send }): SpeechSequence {
    const sequence = new SpeechSequence({
      id,
      first,
      speak: (request, observer) => this.speak(request, observer),
      now: () => this.clock.now(),
      onProgress: () => {
        // A long text is spoken for longer than it takes to come.
        this.sessions.get(id);
        this.showStatus();
      },
      onEnd: (result) => {
        this.endStatus = this.createEndStatus(result);
        this.sessions.end(id, "finished");
        this.showStatus();
      },
    });
    this.sessions.open(id, sequence);
    return sequence;
  }

  private speak(request: SpeechRequest, observer: SpeechObserver): RunningChat {
    try {
      return requireProvider(this.red, this.config.provider).runtime.speak(request, observer);
    } catch (thrown) {
      const failure = toFailure(thrown);
      queueMicrotask(() => observer.onEnd({ outcome: "failed", failure }));
      return { cancel: () => {} };
    }
  }

  /** @throws Failure `invalid_request` for a message by itself that has no text */
  private readText(message: Message, within: boolean): string {
    const property = this.config.property || "payload";
    const value = this.red.util.getMessageProperty(message, property);
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    if (within) return "";
    throw new Failure("invalid_request", `There is nothing to speak: msg.${property} is no text.`);
  }

  /** @throws Failure `configuration` that names the setting */
  private createRequest(message: Message, text: string): SpeechRequest {
    const { model, voice, format, speed, options } = this.config;
    const request: SpeechRequest = { text };
    if (model) request.model = model.trim();
    const spoken = message["voice"] ?? voice;
    if (typeof spoken === "string" && spoken !== "") request.voice = spoken;
    if (format) request.format = format;
    if (speed !== undefined && speed !== "") {
      request.speed = Number(speed);
      if (!(request.speed > 0))
        throw new Failure("configuration", "The setting speed is not a number above 0.");
    }
    if (options) {
      const fields = tryParseJson(options);
      if (!isObject(fields)) throw new Failure("configuration", "The further options are not a JSON object.");
      request.parameters = fields;
    }
    return request;
  }

  private onSessionEnd(sequence: SpeechSequence, reason: SessionEnd): void {
    const failure = FAILURES_BY_END[reason]?.();
    if (!failure) sequence.drop();
    else if (!sequence.finish({ outcome: "failed", failure })) this.node.error(toNodeError(failure), {});
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
      const begun = sequences.some(({ hasAudio: begun }) => begun);
      return {
        fill: "blue",
        shape: begun ? "dot" : "ring",
        text: this.translate(waiting > 0 ? "queue" : begun ? "speaking" : "waiting", { waiting }),
      };
    });
  }

  private translate(key: string, values: Record<string, string | number> = {}): string {
    return this.red._(`speech-stream.status.${key}`, values);
  }
}
