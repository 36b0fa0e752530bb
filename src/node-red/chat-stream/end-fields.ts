import type { ChatResult } from "../../client/chat-types.js";
import type { ChatMessage } from "../../core/chat/chunk.js";
import { type Failure, toFailure } from "../../core/failure.js";
import type { Message } from "../red/api.js";
import { hideSystemPrompt } from "./composing/request.js";
import type { ConversationStore } from "./conversation/store.js";
import { createJobFields } from "./job-fields.js";
import type { StreamSession } from "./session.js";
import { addTurn, endsTurn } from "./turn.js";

/** What the node adds to a stream's last message. */
export interface EndOfStream {
  fields: Message;
  /** Why the conversation could not be stored, if the answer itself is whole. */
  failure?: Failure;
}

/** Updates the conversation, and collects the properties of the last message that do not come from the result. */
export async function collectEndFields(
  { composed, key, message, steered }: StreamSession,
  result: ChatResult,
  conversation: ConversationStore,
): Promise<EndOfStream> {
  const fields = createJobFields(message, result);
  // What was read stays with the provider: it is too much for a message.
  if (result.resume) fields["resume"] = { id: result.resume.id, after: result.resume.after };
  if (steered !== undefined) fields["steered"] = steered;
  if (!composed) return { fields };
  fields.request = hideSystemPrompt(composed);
  if (!conversation.keepsHistory) return { fields };
  try {
    if (endsTurn(result)) {
      const add = (history: readonly ChatMessage[]) => addTurn(history, composed, result, message);
      fields.conversation = await conversation.update(key, message, add);
      await conversation.keepBounds(key);
    } else fields.conversation = await conversation.read(key, message);
  } catch (thrown) {
    // If the stream failed too, its own failure is reported: the same store may have caused it.
    if (!result.failure) return { fields, failure: toFailure(thrown, "configuration") };
  }
  return { fields };
}
