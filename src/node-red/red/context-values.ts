import type { Clock } from "../../core/clock.js";
import { Failure, readReason } from "../../core/failure.js";
import type { Context } from "./api.js";
import { awaitStore } from "./store-wait.js";

/** Reads and writes a flow or global context. Each access ends within 10 s, whatever the store does. */
export class ContextValues {
  constructor(
    private readonly context: Context,
    private readonly clock: Clock,
    /** What is kept there, for errors: “conversation”. */
    private readonly label: string,
  ) {}

  /** @throws Failure `configuration` if the store fails or does not answer */
  get(path: string): Promise<unknown> {
    const { context, clock, label } = this;
    const value = new Promise((resolve, reject) => {
      context.get(path, (error, found) => (error ? reject(this.createFailure(error)) : resolve(found)));
    });
    return awaitStore(clock, value, `The ${label} could not be read`);
  }

  /**
   * @param value undefined deletes the value
   * @throws Failure `configuration` if the store fails or does not answer
   */
  set(path: string, value: unknown): Promise<void> {
    const { context, clock, label } = this;
    const stored = new Promise<void>((resolve, reject) => {
      context.set(path, value, (error) => (error ? reject(this.createFailure(error)) : resolve()));
    });
    return awaitStore(clock, stored, `The ${label} could not be stored`);
  }

  private createFailure(error: unknown): Failure {
    return new Failure(
      "configuration",
      `The context store of the ${this.label} failed: ${readReason(error)}. Check contextStorage in the settings of Node-RED.`,
    );
  }
}
