import type { ReasoningPlace } from "../core/chat/vendor-echo.js";
import type { Provider, ProviderMemory } from "../providers/provider.js";
import type { Endpoint } from "../providers/shared/endpoint.js";

/** How often one request is sent again in another form. */
const MAX_LESSONS = 3;

/**
 * What a run knows about the service: what earlier runs have learned, and what refusals in this run have shown. The latter
 * goes into the memory that all runs of a provider node share, once a request has been answered.
 */
export class RefusalMemory {
  /** What was known when the request was built. Other runs may have learned more since. */
  private known: ProviderMemory = {};
  /** What refusals in this run have shown. */
  private lesson: ProviderMemory | undefined;
  private lessonCount = 0;

  constructor(
    private readonly provider: Provider,
    private readonly memory: ProviderMemory,
    /** The model of the request and where it goes. */
    private readonly target: { model: string; endpoint: Endpoint },
  ) {}

  /** Gets what is known, for a request that is built now. */
  getKnowledge(): ProviderMemory {
    this.known = { ...this.memory, ...this.lesson };
    return this.known;
  }

  /** Learns from a refusal. @returns whether the request is worth sending once more */
  learnFrom(status: number, body: string): boolean {
    if (this.lessonCount >= MAX_LESSONS) return false;
    const lesson = this.provider.learn?.(status, body, this.known, this.target);
    if (!lesson) return false;
    this.lessonCount++;
    this.lesson = { ...this.lesson, ...lesson };
    return true;
  }

  /** Notes where the service has its reasoning. */
  noteReasoning(place: ReasoningPlace): void {
    this.memory.reasoningPlace = place;
  }

  /** Adds what was learned to the shared memory, because the request was answered. Some of it holds for this run only. */
  confirm(): void {
    const { refusesEncrypted: _once, ...lasting } = this.lesson ?? {};
    Object.assign(this.memory, lasting);
  }
}
