import type { Provider, ProviderMemory } from "../providers/provider.js";

/** What one run goes by: what is remembered of the service, and what a refusal has told since the run began. */
export class RefusalMemory {
  /** What was known when the request was made; other runs may have learnt more by now. */
  private known: ProviderMemory = {};
  private lesson: ProviderMemory | undefined;

  constructor(
    private readonly provider: Provider,
    private readonly memory: ProviderMemory,
  ) {}

  /** For a request that is now to be made. */
  getKnowledge(): ProviderMemory {
    this.known = { ...this.memory, ...this.lesson };
    return this.known;
  }

  /** @returns whether the refusal tells how to ask, so that asking once more may help; true once at most */
  learnFrom(status: number, body: string): boolean {
    if (this.lesson) return false;
    this.lesson = this.provider.learn?.(status, body, this.known);
    return this.lesson !== undefined;
  }

  /** The request was answered: what the refusal told is true, and holds for all. */
  confirm(): void {
    Object.assign(this.memory, this.lesson);
  }
}
