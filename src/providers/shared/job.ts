import type { ChatRequest, WireRequest } from "../../core/chat/request.js";
import type { Endpoint } from "./endpoint.js";

/** How a job ends: charged, or not. */
export type JobStatus = "completed" | "failed";

/** What a service says of a job that it has ended. */
export interface JobAccount {
  /** The service's own word, in lower case. */
  status: string;
  /** Of the team, after this job; null where the service does not say. */
  creditsRemaining: number | null;
  /** Whether the job was charged; null where the service does not say. */
  creditApplied: boolean | null;
}

/** What a job that is created is known by. */
export interface JobLabel {
  /** Default: the provider's own. */
  type?: string;
  /** Whom it is for, and what else is to be noted of it: `user` and `metadata` of Chat Completions. */
  user?: unknown;
  metadata?: unknown;
}

/**
 * A service that wants a job around its streams: created before, completed afterwards, and charged at its completion.
 * Pure, like the provider that it belongs to; whoever streams keeps the order.
 */
export interface JobProtocol {
  /** @throws Failure `invalid_request` for a request that the service cannot take: no job is created for it */
  checkRequest(request: ChatRequest): void;
  /** @throws Failure `invalid_request` for a label that it cannot have */
  buildCreateRequest(endpoint: Endpoint, label: JobLabel): WireRequest;
  /** The id of the job that has been created. @throws Failure `bad_response` where the answer names none */
  readJobId(body: unknown): string;
  /** @param reason why it failed */
  buildCompleteRequest(endpoint: Endpoint, id: string, status: JobStatus, reason?: string): WireRequest;
  readAccount(body: unknown): JobAccount;
}
