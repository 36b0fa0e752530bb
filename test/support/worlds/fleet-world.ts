import type { Dispatcher } from "undici";
import { FleetDispatcher } from "../../../src/transport/broker/fleet.js";
import { FleetWorker, type WorkerCall } from "../../../src/transport/broker/fleet-worker.js";
import { FakeClock } from "./fake-clock.js";
import { MemoryBroker, type MemoryLink } from "./memory-broker.js";

/** One answer as the front's client gets it. */
export class ReceivedAnswer implements Dispatcher.DispatchHandler {
  text = "";
  contentType: unknown;
  isConnected = false;
  /** How it ended; undefined while it runs. */
  end: "whole" | Error | undefined;
  /** How often it ended. */
  ends = 0;
  private controller: Dispatcher.DispatchController | undefined;

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.isConnected = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, _status: number, headers: object): void {
    this.contentType = (headers as Record<string, unknown>)["content-type"];
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    this.text += bytes.toString();
  }

  onResponseEnd(): void {
    this.end = "whole";
    this.ends++;
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.end = error;
    this.ends++;
  }

  abort(): void {
    this.controller!.abort(new Error("aborted"));
  }
}

/** A worker, with the calls that it works on. */
export interface WorldWorker {
  link: MemoryLink;
  worker: FleetWorker;
  calls: WorkerCall[];
}

export interface WorkerOptions {
  models?: string[];
  maxCalls?: number;
}

/** Fronts and workers at a broker in this process, with a clock that stands. */
export class FleetWorld {
  readonly broker = new MemoryBroker();
  readonly clock = new FakeClock();
  private ids = 0;

  addFront(silenceMs = 5_000): { link: MemoryLink; fleet: FleetDispatcher } {
    const link = this.broker.connect();
    const fleet = new FleetDispatcher({
      link,
      topic: "chat",
      silenceMs,
      clock: this.clock,
      createId: () => `id${this.ids++}`,
    });
    return { link, fleet };
  }

  addWorker({ models = ["m"], maxCalls = 4 }: WorkerOptions = {}): WorldWorker {
    const link = this.broker.connect();
    const calls: WorkerCall[] = [];
    const worker = new FleetWorker({
      link,
      topic: "chat",
      maxCalls,
      clock: this.clock,
      createId: () => `id${this.ids++}`,
      listModels: () => models,
      serve: (call) => calls.push(call),
    });
    return { link, worker, calls };
  }

  /** Asks for an answer, and lets the request arrive. */
  ask(fleet: FleetDispatcher, body: object = { model: "m" }): ReceivedAnswer {
    const answer = new ReceivedAnswer();
    fleet.dispatch({ method: "POST", path: "/", body: JSON.stringify(body) }, answer);
    this.broker.deliver();
    return answer;
  }

  /** Lets time pass, and messages arrive all the while. */
  pass(milliseconds: number): void {
    for (let left = milliseconds; left > 0; left -= 50) {
      this.clock.run(Math.min(50, left));
      this.broker.deliver();
    }
  }
}
