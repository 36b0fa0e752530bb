import { toExcerpt } from "../core/errors/error-body.js";
import { redact } from "../core/errors/redact.js";
import { createTimeoutFailure } from "../core/errors/timeout-failure.js";
import { Failure, toFailure } from "../core/failure.js";
import { type Headers, readHeader } from "../core/headers.js";
import { Deadlines } from "../core/lifecycle/deadlines.js";
import type { SpeechRequest } from "../providers/shared/speech.js";
import { findProxy } from "../transport/agent.js";
import { buildBackstops, Exchange, type ExchangeListener } from "../transport/exchange.js";
import type { ServiceSetup } from "./chat-types.js";
import { hideSecrets, listSecrets } from "./hide-secrets.js";

/** How a speech run ended. */
export interface SpeechResult {
  outcome: "complete" | "failed" | "cancelled";
  /** Set only if `outcome` is `failed`. */
  failure?: Failure;
}

/** Receives the audio of a speech run. */
export interface SpeechObserver {
  /** The response has begun. @param headers the headers that an author may see, by lower-case name */
  onBegin(contentType: string, headers: Record<string, string>): void;
  onAudio(bytes: Buffer): void;
  /** The run has ended. Called exactly once. */
  onEnd(result: SpeechResult): void;
}

/** Everything that a speech run needs. */
export interface SpeechSetup extends ServiceSetup {
  request: SpeechRequest;
}

/** How much of a foreign content type an error quotes. */
const MAX_QUOTED_CHARS = 80;

/** Headers of a response that an author may see. None of them identifies an account or gives access to it. */
const VISIBLE_HEADER =
  /^(content-(type|length)|date|request-id|x-request-id|cf-ray|x-ratelimit-[\w-]+|x-venice-[\w-]+|openai-(model|processing-ms|version))$/;

/** Speaks one text: from the request to the end of the audio. */
export class SpeechRun implements ExchangeListener {
  private readonly exchange: Exchange;
  private readonly deadlines: Deadlines;
  /** Status of the response; 0 until it has come. */
  private status = 0;
  private headers: Headers = {};
  private hasAudio = false;
  private audioBytes = 0;
  private hasEnded = false;

  /** Never throws: failures reach `observer.onEnd()`, and not before the constructor has returned. */
  constructor(
    private readonly setup: SpeechSetup,
    private readonly observer: SpeechObserver,
  ) {
    const { clock, dispatcher, endpoint, timeouts, limits } = setup;
    this.deadlines = new Deadlines(clock, timeouts, (expiry) => {
      if (this.status >= 300) this.exchange.deliverRefusal();
      else if (expiry !== "drain") {
        const proxy = findProxy(dispatcher, new URL(endpoint.baseUrl));
        this.fail(createTimeoutFailure(expiry, timeouts[expiry], proxy));
      }
    });
    this.exchange = new Exchange(limits, this);
    // Begin asynchronously: callers get the run before its end.
    queueMicrotask(() => this.begin());
  }

  /** Ends the run. May be called more than once. */
  cancel(): void {
    if (!this.hasEnded) this.end({ outcome: "cancelled" });
  }

  onConnected(): void {
    if (!this.hasEnded) this.deadlines.markConnected();
  }

  onResponse(status: number, headers: Headers): void {
    this.status = status;
    this.headers = headers;
    this.deadlines.markResponse();
    if (status >= 300) {
      this.deadlines.markDraining();
      return;
    }
    const type = (readHeader(headers, "content-type") ?? "").trim();
    if (!/^(audio\/|application\/octet-stream|application\/ogg|$)/i.test(type)) {
      throw new Failure(
        "bad_response",
        `The service answered with ${toExcerpt(type, MAX_QUOTED_CHARS)}, which is not audio. Check the base URL and the model.`,
        { retryable: false },
      );
    }
    const secrets = listSecrets(this.setup.endpoint);
    const visible = Object.entries(pickVisibleHeaders(headers)).map(([name, value]) => [
      name,
      redact(value, secrets),
    ]);
    this.observer.onBegin(type || "application/octet-stream", Object.fromEntries(visible));
  }

  onBytes(): void {
    this.deadlines.markBytes(this.setup.clock.now());
  }

  onRawBytes(bytes: Buffer): void {
    if (this.hasEnded) return;
    const { attachments } = this.setup.limits;
    this.audioBytes += bytes.length;
    if (this.audioBytes > attachments) {
      throw new Failure(
        "limit",
        `The audio of one text has more than ${attachments} bytes. Speak shorter texts, or choose a format that takes less.`,
      );
    }
    this.hasAudio = true;
    this.deadlines.markContent(this.setup.clock.now());
    this.observer.onAudio(bytes);
  }

  onRecord(): void {}

  onReadEnd(): void {}

  onBody(text: string): void {
    const { clock, provider } = this.setup;
    if (this.status >= 300) this.fail(provider.readError(this.status, this.headers, text, clock.date()));
  }

  onEnd(): void {
    if (this.hasEnded) return;
    if (this.hasAudio) this.end({ outcome: "complete" });
    else this.fail(new Failure("interrupted", "The service ended without sending audio."));
  }

  onFailure(failure: Failure): void {
    this.fail(failure);
  }

  private begin(): void {
    if (this.hasEnded) return;
    const { dispatcher, endpoint, provider, request, timeouts } = this.setup;
    try {
      if (!provider.buildSpeechRequest) {
        throw new Failure(
          "configuration",
          `${provider.label} has no speech service. Choose another provider.`,
        );
      }
      this.exchange.send(
        provider.buildSpeechRequest(request, endpoint),
        dispatcher,
        buildBackstops(timeouts),
      );
    } catch (thrown) {
      this.fail(toFailure(thrown, "invalid_request"));
    }
  }

  private fail(failure: Failure): void {
    if (this.hasEnded) return;
    const { endpoint, provider } = this.setup;
    const phase = this.hasAudio ? "streaming" : this.status > 0 ? "headers" : failure.phase;
    this.end({
      outcome: "failed",
      failure: Object.assign(hideSecrets(failure, provider, endpoint), { phase }),
    });
  }

  private end(result: SpeechResult): void {
    this.hasEnded = true;
    this.deadlines.stop();
    if (result.outcome === "complete") this.exchange.finish();
    else this.exchange.abort();
    this.observer.onEnd(result);
  }
}

function pickVisibleHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    Object.keys(headers)
      .filter((name) => VISIBLE_HEADER.test(name))
      .map((name) => [name, (readHeader(headers, name) ?? "").slice(0, 300)]),
  );
}
