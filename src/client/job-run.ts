import { checkRequest, type WireRequest } from "../core/chat/request.js";
import { Failure, toFailure } from "../core/failure.js";
import type { JobProtocol, JobStatus } from "../providers/shared/job.js";
import { ChatRun } from "./chat-run.js";
import { type ChatObserver, type ChatResult, type ChatSetup, type JobReport, withEnd } from "./chat-types.js";
import { resultWithout } from "./empty-result.js";
import { fetchJson } from "./fetch-json.js";
import { withoutSecrets } from "./hide-secrets.js";

/** Until a job must have been created, milliseconds. */
const CREATE = 10_000;

/** How long a stream's end waits for its job's, milliseconds: the text has been told by then. */
const COMPLETE = 5_000;

/**
 * A stream and the job around it: created before, completed after, once and whatever happens between. A completion that
 * fails is not repeated: the service may have got it, and would charge again.
 */
export class JobRun {
  private run: ChatRun | undefined;
  private cancelled = false;
  private readonly giveUp = new AbortController();
  private timer: unknown;

  constructor(
    private readonly setup: ChatSetup,
    private readonly protocol: JobProtocol,
    private readonly observer: ChatObserver,
  ) {
    void this.play()
      .catch((thrown: unknown) => resultWithout("failed", this.told(thrown)))
      .then((result) => {
        setup.clock.clearTimer(this.timer);
        observer.onEnd(result);
      });
  }

  /** Ends the stream where it stands, and its job as failed. Idempotent. */
  cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    if (this.run) this.run.cancel();
    // What is being created must be known to be ended; but not for ever.
    else this.timer = this.setup.clock.setTimer(() => this.giveUp.abort(), COMPLETE);
  }

  private async play(): Promise<ChatResult> {
    const { id, only } = this.setup.job ?? {};
    if (only === "completed" || only === "failed") {
      return { ...resultWithout("complete"), job: await this.close(jobId(id), only) };
    }
    if (id !== undefined && only === undefined) return this.stream(jobId(id));
    if (only === undefined) {
      checkRequest(this.setup.request);
      this.protocol.checkRequest(this.setup.request);
    }
    const job = await this.create().catch((thrown: unknown) => this.told(thrown));
    // Cancelling is no error, and what it broke off is none.
    if (typeof job !== "string")
      return this.cancelled ? resultWithout("cancelled") : resultWithout("failed", job);
    if (only === "create" && !this.cancelled) return { ...resultWithout("complete"), job: open(job) };
    const result = this.cancelled ? resultWithout("cancelled") : await this.stream(job);
    result.job = await this.end(job, result);
    return result;
  }

  private stream(job: string): Promise<ChatResult> {
    const { setup, observer } = this;
    return new Promise((resolve) => {
      const onEnd = (result: ChatResult) => resolve(Object.assign(result, { job: open(job) }));
      this.run = new ChatRun({ ...setup, request: { ...setup.request, job } }, withEnd(observer, onEnd));
    });
  }

  private async create(): Promise<string> {
    const { protocol, setup } = this;
    const { type, options = setup.request.parameters } = setup.job ?? {};
    const { user, metadata } = options ?? {};
    const request = protocol.buildCreateRequest(setup.endpoint, {
      ...(type ? { type } : {}),
      user,
      metadata,
    });
    return protocol.readJobId(await this.ask(request, CREATE, this.giveUp.signal));
  }

  /** Ends the stream's own job. The stream stays as it was, whatever becomes of that. */
  private async end(job: string, result: ChatResult): Promise<JobReport> {
    const { outcome, failure } = result;
    try {
      if (outcome === "complete") return await this.complete(job, "completed");
      return await this.complete(job, "failed", failure?.message ?? "The stream was cancelled.");
    } catch (thrown) {
      const { message } = this.told(thrown);
      return { ...open(job), status: "unknown", warning: `The job ${job} may not have ended: ${message}` };
    }
  }

  /** Ends the author's job, which is all that was asked for. */
  private async close(job: string, status: JobStatus): Promise<JobReport> {
    try {
      return await this.complete(job, status);
    } catch (thrown) {
      const failure = this.told(thrown);
      failure.retryable = false;
      throw failure;
    }
  }

  private async complete(job: string, status: JobStatus, reason?: string): Promise<JobReport> {
    const { protocol, setup } = this;
    const request = protocol.buildCompleteRequest(setup.endpoint, job, status, reason);
    const account = protocol.readAccount(await this.ask(request, COMPLETE));
    if (status === "failed" || account.creditApplied !== false) return { id: job, ...account };
    const warning = `The job ${job} has ended and was not charged: the team may be out of credits.`;
    return { id: job, ...account, warning };
  }

  private ask(request: WireRequest, timeout: number, signal?: AbortSignal): Promise<unknown> {
    const { clock, dispatcher, limits, provider } = this.setup;
    const options = { clock, dispatcher, limits, timeout, ...(signal ? { signal } : {}) };
    return fetchJson(provider, request, options);
  }

  private told(thrown: unknown): Failure {
    return withoutSecrets(toFailure(thrown), this.setup.provider, this.setup.endpoint);
  }
}

function open(id: string): JobReport {
  return { id, status: "open", creditsRemaining: null, creditApplied: null };
}

function jobId(id: unknown): string {
  if (typeof id === "string" && id.trim() !== "") return id.trim();
  throw new Failure("invalid_request", "msg.jobId is not the id of a job.");
}

/** Starts a stream, with a job around it where the service wants one. */
export function startRun(setup: ChatSetup, observer: ChatObserver): { cancel(): void } {
  const { job } = setup.provider;
  return job ? new JobRun(setup, job, observer) : new ChatRun(setup, observer);
}
