import type { ChatResult, JobWish } from "../../client/chat-types.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { isObject } from "../../core/json/parse.js";
import type { Message } from "../red/api.js";

/** What goes with a command that asks nothing. */
export const EMPTY_REQUEST: ChatRequest = { model: "", messages: [] };

/**
 * What a message says of jobs. `createJob` and `completeJob` make it a command, by presence as in core; a job that is
 * to end as failed is completed with `"failed"`.
 */
export function readJobWish(message: Message): JobWish {
  const { jobId: id, jobType: type, completeJob: end } = message;
  const wish: JobWish = {};
  if (id !== undefined && id !== null && id !== "") wish.id = id;
  if (typeof type === "string" && type.trim() !== "") wish.type = type.trim();
  if (Object.hasOwn(message, "createJob")) {
    wish.only = "create";
    if (isObject(message.options)) wish.options = message.options;
  }
  if (Object.hasOwn(message, "completeJob")) wish.only = end === "failed" ? "failed" : "completed";
  return wish;
}

/** What the last message says of the stream's job: a job that was created for others can be passed on as it is. */
export function createJobFields(message: Message, { job }: ChatResult): Message {
  if (!job) return {};
  return readJobWish(message).only === "create" ? { job, jobId: job.id } : { job };
}
