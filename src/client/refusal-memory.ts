import type { ReasoningPlace } from "../core/chat/vendor-echo.js";
import type { Provider, ProviderMemory } from "../providers/provider.js";

/**
 * What a run knows about the service: what earlier runs have learned, and the lesson of a refusal in this run. All runs of
 * a provider node share the memory.
 */
export class RefusalMemory {
  /** What was known when the request was built. Other runs may have learned more since. */
  private known: ProviderMemory = {};
  /** What a refusal in this run has shown. */
  private lesson: ProviderMemory | undefined;

  constructor(
    private readonly provider: Provider,
    private readonly memory: ProviderMemory,
  ) {}

  /** Gets what is known, for a request that is built now. */
  getKnowledge(): ProviderMemory {
    this.known = { ...this.memory, ...this.lesson };
    return this.known;
  }

  /** Learns from a refusal. @returns whether the request is worth sending once more; true at most once */
  learnFrom(status: number, body: string): boolean {
    if (this.lesson) return false;
    this.lesson = this.provider.learn?.(status, body, this.known);
    return this.lesson !== undefined;
  }

  /** Notes where the service has its reasoning. */
  noteReasoning(place: ReasoningPlace): void {
    this.memory.reasoningPlace = place;
  }

  /** Adds the lesson to the shared memory, because the request was answered. */
  confirm(): void {
    Object.assign(this.memory, this.lesson);
  }
}
