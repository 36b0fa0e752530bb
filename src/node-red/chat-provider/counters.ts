import type { Usage } from "../../core/chat/chunk.js";
import { listBilledUsages, readBilledTokens } from "../../core/cost/billed-tokens.js";

/** What a provider has done since it was deployed, as `msg.readCounters` tells it. */
export interface ProviderCounters {
  /** What a person calls the provider. */
  provider: string;
  /** Requests that run now. */
  running: number;
  /** Requests that wait for their turn now. */
  waiting: number;
  /** All requests, running and waiting ones too. */
  asked: number;
  /** Requests that have failed. */
  failed: number;
  /** Requests that were stopped. */
  cancelled: number;
  /** Tokens of the requests that have ended, as far as the service has counted them. */
  tokens: { input: number; output: number };
  /** When the counting began, in milliseconds since 1970. */
  since: number;
}

/** Counts the requests of one provider. */
export class RequestCounters {
  private running = 0;
  private waiting = 0;
  private asked = 0;
  private failed = 0;
  private cancelled = 0;
  private input = 0;
  private output = 0;

  /** @param since milliseconds since 1970 */
  constructor(private readonly since: number) {}

  /** Notes a request. It waits until it is started. */
  addRequest(): void {
    this.asked++;
    this.waiting++;
  }

  markStarted(): void {
    this.waiting--;
    this.running++;
  }

  /** Notes the end of a request. @param hasStarted whether it has been running */
  markEnded(outcome: "complete" | "failed" | "cancelled", hasStarted: boolean): void {
    if (hasStarted) this.running--;
    else this.waiting--;
    if (outcome === "failed") this.failed++;
    if (outcome === "cancelled") this.cancelled++;
  }

  /** Adds the tokens of an answer that has ended. */
  addUsage(usage: Usage | null | undefined): void {
    for (const part of usage ? listBilledUsages(usage) : []) {
      const tokens = readBilledTokens(part);
      this.input += tokens?.input ?? 0;
      this.output += tokens?.output ?? 0;
    }
  }

  /** @param provider what a person calls the provider */
  read(provider: string): ProviderCounters {
    const { running, waiting, asked, failed, cancelled, input, output, since } = this;
    return { provider, running, waiting, asked, failed, cancelled, tokens: { input, output }, since };
  }
}
