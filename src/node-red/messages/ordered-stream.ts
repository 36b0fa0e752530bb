import type { Clock } from "../../core/clock.js";
import type { Failure } from "../../core/failure.js";
import { MAX_STRAGGLER_WAIT_MS } from "./open-streams.js";
import { Sequencer } from "./sequencer.js";
import {
  isRestartNotice,
  mayBeRestartNotice,
  readRestarts,
  type StreamMessage,
  toOrdinary,
} from "./stream-message.js";

export interface StreamListener {
  /** Gets each message once, in order. */
  onMessage(message: StreamMessage): void;
  /** The stream begins again: what came before is void. */
  onRestart(message: StreamMessage): void;
  /** A message is missing, and was waited for. */
  onGap(failure: Failure): void;
}

/**
 * Puts the messages of one stream back in order. Nodes on the way may have delayed, repeated or dropped some: an early
 * message waits for those before it, a repeated one is dropped, a missing one is reported as a gap. A new beginning shows on
 * each of its messages, so it is noticed whichever of them comes first.
 */
export class OrderedStream {
  /** How often the stream has begun again. */
  private restarts: number;
  private sequencer = createSequencer();
  private timer: unknown;
  private awaited = 0;
  private closed = false;

  /**
   * @param first the first message that came; it is not added yet
   * @param mayBeginLate whether the beginning may have gone to an earlier life of the node, so that a stream without
   *   it is no gap
   */
  constructor(
    private readonly clock: Clock,
    private readonly listener: StreamListener,
    first: StreamMessage,
    private readonly mayBeginLate = false,
  ) {
    this.restarts = readRestarts(first);
  }

  /** Whether messages wait for a missing one. */
  get isWaiting(): boolean {
    return this.sequencer.earlyCount > 0;
  }

  add(message: StreamMessage): void {
    if (this.closed) return;
    const restarts = readRestarts(message);
    if (restarts < this.restarts) return;
    if (restarts > this.restarts) {
      this.restarts = restarts;
      this.sequencer = createSequencer();
      this.stopWaiting();
      this.listener.onRestart(message);
    }
    if (isRestartNotice(message)) return;
    this.sequencer.add(toOrdinary(message));
    this.takeAll();
  }

  close(): void {
    this.closed = true;
    this.clock.clearTimer(this.timer);
    this.sequencer.clear();
  }

  private takeAll(): void {
    const { sequencer } = this;
    for (let message = sequencer.take(); message; message = sequencer.take()) {
      this.listener.onMessage(message);
      if (this.closed || this.sequencer !== sequencer) return;
    }
    if (sequencer.isOverfull) this.tellGap();
    else if (sequencer.earlyCount > 0) this.awaitMissing();
    else if (this.timer !== undefined) this.stopWaiting();
  }

  private awaitMissing(): void {
    if (this.timer !== undefined) return;
    this.awaited = this.sequencer.next;
    this.timer = this.clock.setTimer(this.look, MAX_STRAGGLER_WAIT_MS);
  }

  private stopWaiting(): void {
    this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private readonly look = (): void => {
    this.timer = undefined;
    // Others came in time: those that wait now have their own time.
    if (this.sequencer.next !== this.awaited) this.awaitMissing();
    else this.tellGap();
  };

  private tellGap(): void {
    const { sequencer } = this;
    if (sequencer.trustDoubtful()) {
      this.takeAll();
      return;
    }
    if (this.mayBeginLate && sequencer.next === 0) {
      sequencer.skipGap();
      this.takeAll();
      return;
    }
    this.listener.onGap(sequencer.createGapFailure());
  }
}

function createSequencer(): Sequencer<StreamMessage> {
  return new Sequencer<StreamMessage>(0, mayBeRestartNotice);
}
