import { readQuestion } from "../../serving/request-fields.js";
import type { Ask } from "../chat-endpoint/flows.js";
import type { ReplyAddress } from "../chat-endpoint/reply-address.js";
import type { Message } from "../red/api.js";

/** What a flow may want to know of a client (`msg.client`). It is the client's own word, but for `name`. */
export interface ClientInfo {
  /** The name beside its key, or the beginning of the key's hash; `""` for somebody without a key. */
  name: string;
  /** The name of the model that it asked. */
  model: string;
  /** Its own names of the conversation and of its user; `""` if it sends none. */
  conversation: string;
  user: string;
}

/** Longest name that is taken from a header. */
const MAX_HEADER_CHARS = 512;

/**
 * Composes the message that a request enters a flow with.
 * @param model the model to ask; `""` leaves it to the chat-stream
 */
export function composeMessage(ask: Ask, model: string, endpoint: string): Message {
  const { answer, formRequest, form, client, body, headers } = ask;
  const { messages, tools, options, ...asked } = formRequest.request;
  const conversation = asked.conversation || readHeader(headers["x-openwebui-chat-id"]);
  const info: ClientInfo = {
    name: client.name,
    model: ask.model,
    conversation,
    user: asked.user || readHeader(headers["x-openwebui-user-id"]),
  };
  const replyTo: ReplyAddress = { id: answer.name.id, endpoint, form: form.name };
  return {
    topic: conversation === "" ? answer.name.id : `${encodeURIComponent(client.name)}/${conversation}`,
    payload: readQuestion(messages),
    messages,
    ...(model === "" ? {} : { model }),
    ...(tools ? { tools } : {}),
    options,
    request: body,
    client: info,
    replyTo,
  };
}

function readHeader(value: string | string[] | undefined): string {
  return typeof value === "string" && value.length <= MAX_HEADER_CHARS ? value : "";
}
