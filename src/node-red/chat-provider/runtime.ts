import {
  buildEmptyResult,
  type ChatObserver,
  type ChatProgress,
  type ChatResult,
  type ChatSetup,
  replaceEnd,
} from "../../client/chat-types.js";
import { priceTokens } from "../../client/cost/find-cost.js";
import { listModels, type ModelList, readBalance } from "../../client/model-list.js";
import { type SpeechObserver, type SpeechResult, SpeechRun } from "../../client/speech-run.js";
import { startRun } from "../../client/start-run.js";
import type { Cost } from "../../core/cost/amount.js";
import { createPlainTokens } from "../../core/cost/billed-tokens.js";
import { Failure, toFailure } from "../../core/failure.js";
import { Slots } from "../../core/lifecycle/slots.js";
import { findProviderLabel, getProvider } from "../../providers/index.js";
import type { ProviderMemory } from "../../providers/provider.js";
import type { SpeechRequest } from "../../providers/shared/speech.js";
import { systemClock } from "../../transport/system-clock.js";
import { type AskOptions, limitTime } from "./ask-options.js";
import { BackgroundAnswers } from "./background-answers.js";
import {
  type Concurrency,
  DEFAULT_SERVICE,
  type ProviderCredentials,
  type ProviderNodeConfig,
  readProviderConfig,
  readServiceId,
} from "./config.js";
import { Connections } from "./connections.js";
import { type ProviderCounters, RequestCounters } from "./counters.js";
import type { OpenedProvider } from "./opened-provider.js";
import type { Surroundings } from "./surroundings.js";

/** How long `close` waits for jobs to end. Node-RED gives a node 15 s to close. */
const MAX_CLOSE_WAIT_MS = 2_000;

/** A request that is running or waiting in the queue. */
export interface RunningRequest {
  cancel(): void;
  /** @returns undefined while the request waits, and for speech */
  readProgress?(): ChatProgress | undefined;
}

/** A request for the queue: how to start it, and what to report if it never starts. */
interface ScheduledRun<R extends Pick<ChatResult, "outcome">> {
  isUrgent?: boolean;
  /** @throws Failure if the request cannot be made */
  start(opened: OpenedProvider, onEnd: (result: R) => void): RunningRequest;
  createResult(outcome: "failed" | "cancelled", failure?: Failure): R;
  onEnd(result: R): void;
}

/**
 * The runtime half of a chat-provider node: its connections, its limit of parallel requests with a queue, and what it has
 * learnt about the service. Does not throw or report by itself: every problem reaches the caller as a failure.
 */
export class ProviderRuntime {
  private readonly memory: ProviderMemory = {};
  /** Requests that are running or waiting. */
  private readonly active = new Set<RunningRequest>();
  private opened: Promise<OpenedProvider> | undefined;
  private slots: Slots | undefined;
  private readonly connections: Connections;
  private readonly inBackground = new BackgroundAnswers();
  private readonly counters = new RequestCounters(systemClock.date());
  /** Called when the last request has ended; `close` waits for it. */
  private onIdle = () => {};

  constructor(
    private readonly config: ProviderNodeConfig,
    private readonly credentials: ProviderCredentials,
    private readonly surroundings: Surroundings,
  ) {
    this.connections = new Connections(config, credentials, surroundings);
  }

  /** Id of the service; `""` if the setting is no text. */
  private get serviceId(): string {
    const provider: unknown = this.config.provider || DEFAULT_SERVICE;
    return typeof provider === "string" ? provider : "";
  }

  /** What a person calls this provider: its name, otherwise that of the service. */
  get label(): string {
    return this.config.name || findProviderLabel(this.serviceId);
  }

  /** Streams an answer to the observer. `onEnd` is called exactly once, whatever happens. */
  ask(options: AskOptions, observer: ChatObserver): RunningRequest {
    return this.schedule<ChatResult>({
      isUrgent: options.isUrgent === true,
      start: (opened, onEnd) => {
        if (options.job?.only && !opened.provider.job) {
          throw new Failure(
            "configuration",
            `${opened.provider.label} has no jobs. Remove msg.createJob and msg.completeJob, or choose another provider.`,
          );
        }
        const take = opened.recorder?.createTake(opened.dispatcher);
        const setup = this.createSetup(take ? { ...opened, dispatcher: take } : opened, options);
        const finish = take ? take.watchEnd(onEnd) : onEnd;
        const run = () => startRun(setup, replaceEnd(observer, this.inBackground.watch(setup, finish)));
        return options.trace ? options.trace.run(setup, run) : run();
      },
      createResult: buildEmptyResult,
      onEnd: (result) => {
        this.counters.addUsage(result.closing.usage);
        observer.onEnd(options.trace ? options.trace.end(result) : result);
      },
    });
  }

  private createSetup(opened: OpenedProvider, options: AskOptions): ChatSetup {
    const { timeouts, limits, prices } = opened.settings;
    return {
      ...opened,
      id: options.id,
      memory: this.memory,
      clock: systemClock,
      ...limitTime(options.request, options.settings.timeLimit, timeouts),
      limits,
      prices,
      resume: this.inBackground.take(options.resume),
      holdWork: (work) => this.inBackground.hold(work),
      tolerant: this.config.tolerant === true,
      needsFinishReason: this.config.needsFinishReason === true,
      everyChunk: options.settings.everyChunk === true,
      ...(options.job ? { job: options.job } : {}),
    };
  }

  readCounters(): ProviderCounters {
    return this.counters.read(this.label);
  }

  /** Stops the answer of a broken stream that goes on at its service. */
  stopInBackground(stream: string): void {
    this.inBackground.stop(stream);
  }

  /** Streams the audio of a spoken text to the observer. `onEnd` is called exactly once, whatever happens. */
  speak(request: SpeechRequest, observer: SpeechObserver): RunningRequest {
    return this.schedule<SpeechResult>({
      start: ({ settings, ...opened }, onEnd) => {
        const { timeouts, limits } = settings;
        const take = opened.recorder?.createTake(opened.dispatcher);
        const dispatcher = take ?? opened.dispatcher;
        return new SpeechRun(
          { ...opened, dispatcher, clock: systemClock, timeouts, limits, request },
          {
            onBegin: (contentType, headers) => observer.onBegin(contentType, headers),
            onAudio: (bytes) => observer.onAudio(bytes),
            onEnd: take ? take.watchEnd(onEnd) : onEnd,
          },
        );
      },
      createResult: (outcome, failure) => ({ outcome, ...(failure ? { failure } : {}) }),
      onEnd: (result) => observer.onEnd(result),
    });
  }

  /** Starts a request as soon as the limit of parallel requests allows it. Calls `onEnd` exactly once. */
  private schedule<R extends Pick<ChatResult, "outcome">>({
    isUrgent = false,
    start,
    createResult,
    onEnd,
  }: ScheduledRun<R>): RunningRequest {
    let run: RunningRequest | undefined;
    let hasStarted = false;
    let isOver = false;
    let release = () => {};
    const end = (result: R) => {
      if (isOver) return;
      isOver = true;
      this.active.delete(request);
      this.counters.markEnded(result.outcome, hasStarted);
      if (this.active.size === 0) this.onIdle();
      release();
      onEnd(result);
    };
    const request: RunningRequest = {
      cancel: () => {
        if (run) run.cancel();
        else end(createResult("cancelled"));
      },
      readProgress: () => run?.readProgress?.(),
    };
    this.active.add(request);
    this.counters.addRequest();
    const fail = (thrown: unknown) =>
      end(createResult("failed", this.addProviderName(toFailure(thrown, "configuration"))));

    this.openOnce().then((opened) => {
      if (isOver) return;
      const { maxConcurrent, maxQueued } = opened.settings;
      this.slots ??= new Slots(maxConcurrent, maxQueued);
      const ticket = this.slots.acquire(() => {
        hasStarted = true;
        this.counters.markStarted();
        try {
          run = start(opened, end);
        } catch (thrown) {
          fail(thrown);
        }
      }, isUrgent);
      if (ticket) {
        release = () => ticket.release();
        if (isOver) release();
      } else fail(createFullFailure(opened.settings));
    }, fail);
    return request;
  }

  /**
   * Estimates what tokens cost by the known prices, before anything is asked.
   * @returns null if the price of the model is unknown, or the settings are wrong
   */
  estimateCost(model: string, inputTokens: number, outputTokens: number): Cost | null {
    try {
      const { endpoint, prices } = readProviderConfig(
        this.config,
        this.credentials,
        this.surroundings.variables,
      );
      const provider = getProvider(readServiceId(this.config));
      const baseUrl = endpoint.baseUrl ?? provider.baseUrl ?? "";
      const billed = { provider, endpoint: { baseUrl }, request: { model, messages: [] }, prices };
      const tokens = createPlainTokens(inputTokens, outputTokens);
      return priceTokens(billed, model, tokens, systemClock.date());
    } catch {
      return null;
    }
  }

  /** @throws Failure if the settings are wrong or the service gives no list */
  async listModels(): Promise<ModelList> {
    const { provider, endpoint, dispatcher, player } = await this.openOnce();
    if (player) return { names: await player.listModels(), capabilities: {}, ends: {} };
    return listModels(provider, endpoint, dispatcher, systemClock);
  }

  /** @returns undefined if the service does not report a balance @throws Failure if the settings are wrong */
  async readBalance(): Promise<string | undefined> {
    const { provider, endpoint, dispatcher, player } = await this.openOnce();
    return player ? undefined : readBalance(provider, endpoint, dispatcher, systemClock);
  }

  /**
   * Cancels all requests and closes the connections; does not throw. Waits only for the ends of jobs and of answers that
   * go on at the service, up to `MAX_CLOSE_WAIT_MS`, since the service would bill them.
   */
  async close(): Promise<void> {
    for (const request of [...this.active]) request.cancel();
    if (this.active.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = systemClock.setTimer(resolve, MAX_CLOSE_WAIT_MS);
        this.onIdle = () => {
          systemClock.clearTimer(timer);
          resolve();
        };
      });
    }
    this.inBackground.stopAll();
    this.inBackground.hold(this.connections.settle());
    await this.inBackground.settle(systemClock, MAX_CLOSE_WAIT_MS);
    this.connections.close();
  }

  private openOnce(): Promise<OpenedProvider> {
    this.opened ??= this.connections.open().catch((thrown: unknown) => {
      // A wrong setting stays wrong until the next deploy. Any other problem may be gone at the next request.
      if (!(thrown instanceof Failure)) this.opened = undefined;
      throw thrown;
    });
    return this.opened;
  }

  private addProviderName(failure: Failure): Failure {
    return new Failure(failure.code, failure.message, {
      ...failure.toJSON(),
      provider: failure.provider || this.serviceId,
    });
  }
}

function createFullFailure({ maxConcurrent, maxQueued }: Concurrency): Failure {
  const text = `The provider has no place left: ${maxConcurrent} running, ${maxQueued} waiting. Send fewer requests at once, or raise the provider's limits.`;
  return new Failure("overloaded", text, { phase: "queue" });
}
