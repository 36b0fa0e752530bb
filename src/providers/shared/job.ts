import type { ChatRequest, WireRequest } from "../../core/chat/request.js";
import type { Endpoint } from "./endpoint.js";

/** How a job ends: `completed` is charged, `failed` is not. */
export type JobStatus = "completed" | "failed";

/** What a service says about a job that has ended. */
export interface JobAccount {
  /** The service's own word, in lower case; `unknown` if it says nothing. */
  status: string;
  /** The team's credits after this job; null if the service does not say. */
  creditsRemaining: number | null;
  /** Whether the job was charged; null if the service does not say. */
  creditApplied: boolean | null;
  /** What the models of the job cost, in US dollars; missing if the service does not say. */
  costUsd?: number;
}

/** What a service records with a new job. */
export interface JobLabel {
  /** Default: the type that is set in the provider. */
  type?: string;
  /** `user` of Chat Completions: whom the job is for. */
  user?: unknown;
  /** `metadata` of Chat Completions: an object. */
  metadata?: unknown;
}

/**
 * The requests of a service that bills by job: a job is created before its streams, completed after them, and charged
 * on completion. Pure, like the provider that it belongs to; the client keeps the order.
 */
export interface JobProtocol {
  /** @throws Failure `invalid_request` if the service cannot take the request: no job is created for it then */
  checkRequest(request: ChatRequest): void;
  /** @throws Failure `invalid_request` if the service cannot take the label */
  buildCreateRequest(endpoint: Endpoint, label: JobLabel): WireRequest;
  /** Reads the id of the new job. @throws Failure `bad_response` if the response has none */
  readJobId(body: unknown): string;
  /** @param reason why a failed job failed, for the service's records */
  buildCompleteRequest(endpoint: Endpoint, id: string, status: JobStatus, reason?: string): WireRequest;
  /** Reads the response to a completion. */
  readAccount(body: unknown): JobAccount;
}
