import type { Clock } from "../core/clock.js";
import type { ContinuationStyle } from "../core/continuation.js";
import { Failure, type FailureData } from "../core/failure.js";
import type { Sessions } from "../core/sessions.js";
import { takesPrefill } from "../providers/index.js";
import { systemClock, systemRandom } from "../transport/system-clock.js";
import { toNodeError } from "./error.js";
import { carried } from "./message.js";
import type { Done, Message, NodeRed, RuntimeNode } from "./red.js";
import { fallback, mendingFor, type Plan, planFor } from "./retry-plan.js";
import { requestOf } from "./retry-request.js";
import type { RetryRoutes } from "./retry-route.js";
import type { RetrySession } from "./retry-session.js";
import type { RetrySettings } from "./retry-settings.js";
import type { RetryStatus } from "./retry-status.js";

/** Time and chance, to be given otherwise in a test. */
export interface Surroundings {
  clock: Clock;
  /** In [0, 1). */
  random(): number;
}

export const SYSTEM: Surroundings = { clock: systemClock, random: systemRandom };

/** How often those who wait for the service to show that it lives look whether it does; milliseconds. */
const LOOK_AGAIN = 100;

/** How long they do: longer than any provider's default timeout. */
const PATIENCE = 150_000;

/** What a repair needs of its node. */
export interface Workshop {
  red: NodeRed;
  node: RuntimeNode;
  settings: RetrySettings;
  surroundings: Surroundings;
  sessions: Sessions<RetrySession>;
  routes: RetryRoutes;
  status: RetryStatus;
}

/** What happens to a stream that has failed: the wait, the new request, or the end. */
export class RetryRepair {
  constructor(private readonly workshop: Workshop) {}

  /** Decides about a failure that is held back from now on, and whose `done` is called when all is arranged. */
  failed(session: RetrySession, failure: FailureData, last: Message, done: Done): void {
    const { settings, surroundings, routes } = this.workshop;
    const plan = planFor(session, failure, settings, routes.isWired, surroundings.random());
    this.arrange(session, plan, failure, last, done);
  }

  /** The one last message of the reader's stream. */
  conclude(session: RetrySession, last: Message): void {
    const { sessions, status, surroundings } = this.workshop;
    if (session.attempts > 1) {
      last.stats = session.stats.at(surroundings.clock.now(), session.attempts);
      if (session.request) last["request"] = session.request;
    }
    session.send(last);
    sessions.end(session.id, "finished");
    status.show();
  }

  /** A wait was called off: the stream ends with what the reader has. */
  callOff(session: RetrySession): void {
    const { held } = session;
    if (!held) return;
    const last: Message = { ...held.last, finishReason: "cancelled" };
    delete last.error;
    this.drop(session);
    this.conclude(session, last);
  }
