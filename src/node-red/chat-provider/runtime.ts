import type { Dispatcher } from "undici";
import {
  buildEmptyResult,
  type ChatObserver,
  type ChatResult,
  type JobWish,
  replaceEnd,
} from "../../client/chat-types.js";
import { startRun } from "../../client/job-run.js";
import { listModels, type ModelList, readBalance } from "../../client/model-list.js";
import { type SpeechObserver, type SpeechResult, SpeechRun } from "../../client/speech-run.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { Failure, toFailure } from "../../core/failure.js";
import { Slots } from "../../core/lifecycle/slots.js";
import { type DemoServer, startDemoServer } from "../../demo/server/demo-server.js";
import { checkEndpoint } from "../../providers/check-endpoint.js";
import { getProvider } from "../../providers/index.js";
import type { Provider, ProviderMemory } from "../../providers/provider.js";
import type { Endpoint } from "../../providers/shared/endpoint.js";
import type { SpeechRequest } from "../../providers/shared/speech.js";
import { createAgent } from "../../transport/agent.js";
import { systemClock } from "../../transport/system-clock.js";
import {
  type ProviderCredentials,
  type ProviderNodeConfig,
  type ProviderSettings,
  readProviderConfig,
} from "./config.js";
import type { Connection } from "./tls-and-proxy.js";

/** What a chat-stream asks of a provider. */
export interface AskOptions {
  /** The stream's id. */
  id: string;
  request: ChatRequest;
  everyChunk: boolean;
  job?: JobWish;
}

/** How long closing waits for jobs to end, milliseconds: a part of what Node-RED gives a node. */
const MAX_CLOSE_WAIT_MS = 2_000;

/** A stream that was asked for, running or still waiting for its turn. */
export interface RunningChat {
  cancel(): void;
}

/** What is to be started when a place is free, and how it ends where it is not. */
interface ScheduledRun<R> {
  /** @throws Failure where it cannot be */
  start(ready: OpenedProvider, onEnd: (result: R) => void): RunningChat;
  createResult(outcome: "failed" | "cancelled", failure?: Failure): R;
  onEnd(result: R): void;
}

interface OpenedProvider {
  provider: Provider;
  endpoint: Endpoint;
  dispatcher: Dispatcher;
  settings: ProviderSettings;
}

/**
 * What stands behind a chat-provider node: its connections, its cap and queue, and what it has learnt of the
 * service. Never throws and never reports by itself: whatever is wrong reaches whoever asks, as a failure.
 */
export class ProviderRuntime {
  private readonly memory: ProviderMemory = {};
  private readonly running = new Set<RunningChat>();
  private opened: Promise<OpenedProvider> | undefined;
  private slots: Slots | undefined;
  private demo: Promise<DemoServer> | undefined;
  private dispatcher: Dispatcher | undefined;
  private isClosed = false;
  private onIdle = () => {};

  constructor(
    private readonly config: ProviderNodeConfig,
    private readonly credentials: ProviderCredentials,
    /** Puts the values of environment variables into a text. */
    private readonly fill: (text: string) => string,
    /** Asked when the first connection is made; may throw a Failure. */
    private readonly connection: () => Connection,
  ) {}

  /** Streams an answer to the observer, which hears of its one end whatever happens. */
  ask(options: AskOptions, observer: ChatObserver): RunningChat {
    return this.schedule<ChatResult>({
      start: (ready, onEnd) => {
        if (options.job?.only && !ready.provider.job) {
          throw new Failure("configuration", `${ready.provider.label} has no jobs to create or complete.`);
        }
        return startRun(
          {
            ...ready,
            id: options.id,
            memory: this.memory,
            clock: systemClock,
            timeouts: ready.settings.timeouts,
            limits: ready.settings.limits,
            request: options.request,
            tolerant: this.config.tolerant === true,
            everyChunk: options.everyChunk,
            ...(options.job ? { job: options.job } : {}),
          },
          replaceEnd(observer, onEnd),
        );
      },
      createResult: buildEmptyResult,
      onEnd: (result) => observer.onEnd(result),
    });
  }

  /** Has a text spoken, by the same rules. */
  speak(request: SpeechRequest, observer: SpeechObserver): RunningChat {
    return this.schedule<SpeechResult>({
      start: ({ settings, ...ready }, onEnd) => {
        const { timeouts, limits } = settings;
        return new SpeechRun(
          { ...ready, clock: systemClock, timeouts, limits, request },
          {
            onBegin: (contentType, headers) => observer.onBegin(contentType, headers),
            onAudio: (bytes) => observer.onAudio(bytes),
            onEnd,
          },
        );
      },
      createResult: (outcome, failure) => ({ outcome, ...(failure ? { failure } : {}) }),
      onEnd: (result) => observer.onEnd(result),
    });
  }

  /** Starts something as soon as a place is free for it, and sees to it that it has one end. */
  private schedule<R>({ start, createResult: without, onEnd }: ScheduledRun<R>): RunningChat {
    let run: RunningChat | undefined;
    let over = false;
    let release = () => {};
    const end = (result: R) => {
      if (over) return;
      over = true;
      this.running.delete(running);
      if (this.running.size === 0) this.onIdle();
      release();
      onEnd(result);
    };
    const running: RunningChat = {
      cancel: () => {
        if (run) run.cancel();
        else end(without("cancelled"));
      },
    };
    this.running.add(running);
    const fail = (thrown: unknown) =>
      end(without("failed", this.addProviderName(toFailure(thrown, "configuration"))));

    this.openOnce().then((ready) => {
      if (over) return;
      const { maxConcurrent, maxQueued } = ready.settings;
      this.slots ??= new Slots(maxConcurrent, maxQueued);
      const ticket = this.slots.acquire(() => {
        try {
          run = start(ready, end);
        } catch (thrown) {
          fail(thrown);
        }
      });
      if (ticket) {
        release = () => ticket.release();
        if (over) release();
      } else {
        fail(
          new Failure(
            "overloaded",
            `${maxConcurrent} streams are running and ${maxQueued} are waiting. Ask less at once, or raise the provider's limits.`,
          ),
        );
      }
    }, fail);
    return running;
  }

  /** @throws Failure */
  async listModels(): Promise<ModelList> {
    const { provider, endpoint, dispatcher } = await this.openOnce();
    return listModels(provider, endpoint, dispatcher, systemClock);
  }

  /** @throws Failure for what is wrong in the settings */
  async readBalance(): Promise<string | undefined> {
    const { provider, endpoint, dispatcher } = await this.openOnce();
    return readBalance(provider, endpoint, dispatcher, systemClock);
  }

  /**
   * Ends everything at once and never throws. Waits for nothing but the ends of jobs, which the service would else keep
   * open, and for those not long.
   */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const running of [...this.running]) running.cancel();
    this.demo?.then((server) => server.close()).catch(() => {});
    if (this.running.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = systemClock.setTimer(resolve, MAX_CLOSE_WAIT_MS);
        this.onIdle = () => {
          systemClock.clearTimer(timer);
          resolve();
        };
      });
    }
    this.dispatcher?.destroy().catch(() => {});
  }

  private openOnce(): Promise<OpenedProvider> {
    this.opened ??= this.open().catch((thrown: unknown) => {
      // What is wrong in the settings stays wrong until they are deployed anew; anything else may pass.
      if (!(thrown instanceof Failure)) this.opened = undefined;
      throw thrown;
    });
    return this.opened;
  }

  private async open(): Promise<OpenedProvider> {
    const settings = readProviderConfig(this.config, this.credentials, this.fill);
    const provider = getProvider(this.config.provider || "demo");
    const isDemo = provider.id === "demo";
    const given = isDemo ? await this.startDemo(settings.demoPace) : settings.endpoint;
    const endpoint = checkEndpoint(provider, given, this.config.allowInsecure === true);
    if (this.isClosed) throw new Failure("cancelled", "The provider has been closed.");
    this.dispatcher = createAgent({
      connectTimeout: settings.timeouts.connect,
      ...(isDemo ? { direct: true } : this.connection()),
    });
    return { provider, endpoint, settings, dispatcher: this.dispatcher };
  }

  private async startDemo(pace: number): Promise<Endpoint> {
    this.demo = startDemoServer({ pace });
    return this.demo;
  }

  private addProviderName(failure: Failure): Failure {
    return new Failure(failure.code, failure.message, {
      ...failure.toJSON(),
      provider: failure.provider || this.config.provider,
    });
  }
}
