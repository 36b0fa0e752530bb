import { checkRequest, type WireRequest } from "../core/chat/request.js";
import { createCost } from "../core/cost/amount.js";
import { redact } from "../core/errors/redact.js";
import { Failure, toFailure } from "../core/failure.js";
import type { JobProtocol, JobStatus } from "../providers/shared/job.js";
import { ChatRun } from "./chat-run.js";
import {
  buildEmptyResult,
  type ChatObserver,
  type ChatProgress,
  type ChatResult,
  type ChatSetup,
  type JobReport,
  NO_PROGRESS,
  replaceEnd,
  type StartedRun,
} from "./chat-types.js";
import { fetchJson } from "./fetch-json.js";
import { hideSecrets, listSecrets } from "./hide-secrets.js";

/** How long the creation of a job may take. */
const CREATE_TIMEOUT_MS = 10_000;

/** How long the end of a stream waits for the end of its job. The reader has the whole text by then. */
const COMPLETE_TIMEOUT_MS = 5_000;

/**
 * A stream and its job. The job is created before the stream and completed once after it, whatever happens in between. A
 * failed completion is not repeated, because the service may have received it and would charge again.
 */
export class JobRun implements StartedRun {
  private chatRun: ChatRun | undefined;
  private isCancelled = false;
  /** Aborts the creation of the job. */
  private readonly creation = new AbortController();
  private creationTimer: unknown;

  constructor(
    private readonly setup: ChatSetup,
    private readonly protocol: JobProtocol,
    private readonly observer: ChatObserver,
  ) {
    void this.run()
      .catch((thrown: unknown) => buildEmptyResult("failed", this.toSafeFailure(thrown)))
      .then((result) => {
        setup.clock.clearTimer(this.creationTimer);
        observer.onEnd(result);
      });
  }

  /** Ends the stream, and its own job as failed. May be called more than once. */
  cancel(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    if (this.chatRun) this.chatRun.cancel();
    // A job can be ended only once its id is known, so its creation gets some more time.
    else this.creationTimer = this.setup.clock.setTimer(() => this.creation.abort(), COMPLETE_TIMEOUT_MS);
  }

  readProgress(): ChatProgress {
    return this.chatRun?.readProgress() ?? NO_PROGRESS;
  }

  /** Does what `setup.job` says. @throws Failure if nothing was streamed */
  private async run(): Promise<ChatResult> {
    const { id, only } = this.setup.job ?? {};
    if (only === "completed" || only === "failed") {
      return { ...buildEmptyResult("complete"), job: await this.endNamedJob(checkJobId(id), only) };
    }
    if (id !== undefined && only === undefined) return this.streamInJob(checkJobId(id));
    if (only === undefined) {
      checkRequest(this.setup.request);
      this.protocol.checkRequest(this.setup.request);
    }
    const job = await this.createJob().catch((thrown: unknown) => this.toSafeFailure(thrown));
    if (typeof job !== "string") {
      // The creation fails if it is cancelled, which is no error.
      return this.isCancelled ? buildEmptyResult("cancelled") : buildEmptyResult("failed", job);
    }
    if (only === "create" && !this.isCancelled) {
      return { ...buildEmptyResult("complete"), job: buildOpenReport(job) };
    }
    const result = this.isCancelled ? buildEmptyResult("cancelled") : await this.streamInJob(job);
    result.job = await this.endOwnJob(job, result);
    const cost = createCost(result.job.costUsd, "service");
    return cost ? Object.defineProperty(result, "cost", { value: cost, enumerable: true }) : result;
  }

  /** Streams the answer as part of a job. The job stays open. */
  private streamInJob(job: string): Promise<ChatResult> {
    const { setup, observer } = this;
    return new Promise((resolve) => {
      const onEnd = (result: ChatResult) => resolve(Object.assign(result, { job: buildOpenReport(job) }));
      this.chatRun = new ChatRun(
        { ...setup, request: { ...setup.request, job } },
        replaceEnd(observer, onEnd),
      );
    });
  }

  private async createJob(): Promise<string> {
    const { protocol, setup } = this;
    const { type, options = setup.request.parameters } = setup.job ?? {};
    const { user, metadata } = options ?? {};
    const request = protocol.buildCreateRequest(setup.endpoint, {
      ...(type ? { type } : {}),
      user,
      metadata,
    });
    return protocol.readJobId(await this.fetch(request, CREATE_TIMEOUT_MS, this.creation.signal));
  }

  /** Ends the job that was created for this stream. If that fails, the stream's result gets a warning. */
  private async endOwnJob(job: string, result: ChatResult): Promise<JobReport> {
    const { outcome, failure } = result;
    try {
      if (outcome === "complete") return await this.completeJob(job, "completed");
      return await this.completeJob(job, "failed", failure?.message ?? "The stream was cancelled.");
    } catch (thrown) {
      const { message } = this.toSafeFailure(thrown);
      return {
        ...buildOpenReport(job),
        status: "unknown",
        warning: this.hideSecretsIn(`The job ${job} may not have ended: ${message}`),
      };
    }
  }

  /** Ends a job that the author named. @throws Failure that is not retryable if that fails */
  private async endNamedJob(job: string, status: JobStatus): Promise<JobReport> {
    try {
      return await this.completeJob(job, status);
    } catch (thrown) {
      const failure = this.toSafeFailure(thrown);
      failure.retryable = false;
      throw failure;
    }
  }

  /** Completes a job. @param reason why it failed, for the service's records */
  private async completeJob(job: string, status: JobStatus, reason?: string): Promise<JobReport> {
    const { protocol, setup } = this;
    const request = protocol.buildCompleteRequest(setup.endpoint, job, status, reason);
    const account = protocol.readAccount(await this.fetch(request, COMPLETE_TIMEOUT_MS));
    account.status = this.hideSecretsIn(account.status);
    if (status === "failed" || account.creditApplied !== false) return { id: job, ...account };
    const warning = `The job ${job} ended but was not charged. The team may be out of credits.`;
    return { id: job, ...account, warning: this.hideSecretsIn(warning) };
  }

  private fetch(request: WireRequest, timeout: number, signal?: AbortSignal): Promise<unknown> {
    const { clock, dispatcher, limits, provider } = this.setup;
    const options = { clock, dispatcher, limits, timeout, ...(signal ? { signal } : {}) };
    return fetchJson(provider, request, options);
  }

  private hideSecretsIn(text: string): string {
    return redact(text, listSecrets(this.setup.endpoint));
  }

  /** Turns anything thrown into a failure without secrets. */
  private toSafeFailure(thrown: unknown): Failure {
    return hideSecrets(toFailure(thrown), this.setup.provider, this.setup.endpoint);
  }
}

function buildOpenReport(id: string): JobReport {
  return { id, status: "open", creditsRemaining: null, creditApplied: null };
}

/** @throws Failure `invalid_request` if the id is neither a text nor a number: as text, all objects would be one job */
function checkJobId(id: unknown): string {
  if (typeof id === "string" && id.trim() !== "") return id.trim();
  if (typeof id === "number" && Number.isFinite(id)) return String(id);
  throw new Failure(
    "invalid_request",
    "msg.jobId is not the id of a job. Set it to the id that creating the job returned.",
  );
}
