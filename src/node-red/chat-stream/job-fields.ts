import type { ChatResult, JobWish } from "../../client/chat-types.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { isObject } from "../../core/json/parse.js";
import type { Message } from "../red/api.js";

/** The request of a job command, which asks the model nothing. */
export const EMPTY_REQUEST: ChatRequest = { model: "", messages: [] };

/**
 * Reads what a message asks for with regard to jobs. `msg.createJob` and `msg.completeJob` make it a command: their
 * presence counts, as in core. `msg.completeJob = "failed"` ends the job as failed.
 */
export function readJobWish(message: Message): JobWish {
  const { jobId: id, jobType: type, completeJob: outcome } = message;
  const wish: JobWish = {};
  if (id !== undefined && id !== null && id !== "") wish.id = id;
  if (typeof type === "string" && type.trim() !== "") wish.type = type.trim();
  if (Object.hasOwn(message, "createJob")) {
    wish.only = "create";
    if (isObject(message.options)) wish.options = message.options;
  }
  if (Object.hasOwn(message, "completeJob")) wish.only = outcome === "failed" ? "failed" : "completed";
  return wish;
}

/** Creates the job properties of the last message. After `createJob`, `msg.jobId` is set, so the next node uses the job. */
export function createJobFields(message: Message, { job }: ChatResult): Message {
  if (!job) return {};
  return readJobWish(message).only === "create" ? { job, jobId: job.id } : { job };
}
