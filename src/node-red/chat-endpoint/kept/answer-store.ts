import type { Clock } from "../../../core/clock.js";
import type { Form, FrameWriter } from "../../../serving/form.js";
import type { Answer } from "../answer.js";

/** Answers of one endpoint that can be read again after their end. The oldest go first. */
export const MAX_KEPT_ANSWERS = 1_000;

/** Bytes of these answers, as they are in memory. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** An answer that may be read again. */
export interface KeptAnswer {
  answer: Answer;
  form: Form;
  /** Writes the answer in the form in which it was asked. */
  createWriter(start: number): FrameWriter;
  /** The client's own name of the conversation; `""` without one. */
  conversation: string;
}

interface EndedAnswer {
  kept: KeptAnswer;
  until: number;
}

/** The answers of an endpoint that a client may come back to: those that run, and for a while those that have ended. */
export class AnswerStore {
  private readonly byId = new Map<string, KeptAnswer>();
  /** The newest answer of each conversation, by owner and name. */
  private readonly byConversation = new Map<string, KeptAnswer>();
  /** In the order in which they ended. */
  private readonly ended = new Map<string, EndedAnswer>();
  private endedSize = 0;
  private timer: unknown;

  /** @param keepMs how long an answer is kept after its end; 0 to forget it at once */
  constructor(
    private readonly clock: Clock,
    private readonly keepMs: number,
  ) {}

  /** Answers that can be read, running and ended, and names of conversations. */
  get size(): number {
    return this.byId.size + this.byConversation.size;
  }

  /** An answer has begun. */
  add(kept: KeptAnswer): void {
    this.byId.set(kept.answer.name.id, kept);
    const key = buildConversationKey(kept);
    if (key !== undefined) this.byConversation.set(key, kept);
  }

  /** An answer has ended. */
  settle(id: string): void {
    const kept = this.byId.get(id);
    if (!kept) return;
    if (this.keepMs === 0) {
      this.forget(kept);
      return;
    }
    this.ended.set(id, { kept, until: this.clock.now() + this.keepMs });
    this.endedSize += kept.answer.log.size;
    for (const { kept: oldest } of this.ended.values()) {
      if (this.ended.size <= MAX_KEPT_ANSWERS && this.endedSize <= MAX_KEPT_BYTES) break;
      this.forget(oldest);
    }
    this.timer ??= this.clock.setTimer(this.expire, this.keepMs);
  }

  /** Finds an answer by its id. Nobody gets another client's. */
  find(id: string, owner: string): KeptAnswer | undefined {
    const kept = this.byId.get(id);
    return kept?.answer.owner === owner ? kept : undefined;
  }

  /** Finds the newest answer of a conversation. Clients choose these names, so somebody without a key finds nothing. */
  findByConversation(conversation: string, owner: string): KeptAnswer | undefined {
    return owner === "" ? undefined : this.byConversation.get(joinKey(owner, conversation));
  }

  close(): void {
    this.clock.clearTimer(this.timer);
    this.timer = undefined;
    this.byId.clear();
    this.byConversation.clear();
    this.ended.clear();
    this.endedSize = 0;
  }

  private readonly expire = (): void => {
    this.timer = undefined;
    const now = this.clock.now();
    for (const { kept, until } of this.ended.values()) {
      if (until > now) {
        this.timer = this.clock.setTimer(this.expire, until - now);
        return;
      }
      this.forget(kept);
    }
  };

  private forget(kept: KeptAnswer): void {
    const { id } = kept.answer.name;
    this.byId.delete(id);
    if (this.ended.delete(id)) this.endedSize -= kept.answer.log.size;
    const key = buildConversationKey(kept);
    if (key !== undefined && this.byConversation.get(key) === kept) this.byConversation.delete(key);
  }
}

function buildConversationKey({ answer, conversation }: KeptAnswer): string | undefined {
  return answer.owner === "" || conversation === "" ? undefined : joinKey(answer.owner, conversation);
}

function joinKey(owner: string, conversation: string): string {
  return `${owner}\n${conversation}`;
}
