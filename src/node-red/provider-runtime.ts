import { randomUUID } from "node:crypto";
import type { Dispatcher } from "undici";
import { type ChatObserver, type ChatResult, ChatRun } from "../chat-run.js";
import { CompletionMachine } from "../core/completion.js";
import { asFailure, Failure } from "../core/failure.js";
import type { ChatRequest } from "../core/request.js";
import { Slots } from "../core/slots.js";
import { statsOf } from "../core/stats.js";
import { type DemoServer, startDemoServer } from "../demo/server.js";
import { listModels } from "../model-list.js";
import { checkEndpoint } from "../providers/endpoint.js";
import { providerById } from "../providers/index.js";
import type { Endpoint, Provider, ProviderMemory } from "../providers/provider.js";
import { createAgent } from "../transport/agent.js";
import { systemClock } from "../transport/system-clock.js";
import type { Connection } from "./connection.js";
import {
  type ProviderCredentials,
  type ProviderNodeConfig,
  type ProviderSettings,
  readProviderConfig,
} from "./provider-config.js";

/** What a chat-stream asks of a provider. */
export interface AskOptions {
  /** The stream's id. */
  id: string;
  request: ChatRequest;
  everyChunk: boolean;
}

/** A stream that was asked for, running or still waiting for its turn. */
export interface RunningChat {
  cancel(): void;
}

interface Ready {
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
  private readonly live = new Set<RunningChat>();
  private ready: Promise<Ready> | undefined;
  private slots: Slots | undefined;
  private demo: Promise<DemoServer> | undefined;
  private dispatcher: Dispatcher | undefined;
  private closed = false;

  constructor(
    private readonly config: ProviderNodeConfig,
    private readonly credentials: ProviderCredentials,
    /** Asked when the first connection is made; may throw a Failure. */
    private readonly connection: () => Connection,
  ) {}

  /** Streams an answer to the observer, which hears of its one end whatever happens. */
  ask(options: AskOptions, observer: ChatObserver): RunningChat {
    let run: ChatRun | undefined;
    let over = false;
    let release = () => {};
    const end = (result: ChatResult) => {
      if (over) return;
      over = true;
      this.live.delete(running);
      release();
      observer.onEnd(result);
    };
    const running: RunningChat = {
      cancel: () => {
        if (run) run.cancel();
        else end(resultWithout("cancelled"));
      },
    };
    this.live.add(running);
    const fail = (thrown: unknown) => end(this.failed(asFailure(thrown, "configuration")));

    this.prepare().then((ready) => {
      if (over) return;
      const { maxConcurrent, maxQueued } = ready.settings;
      this.slots ??= new Slots(maxConcurrent, maxQueued);
      const ticket = this.slots.take(() => {
        run = new ChatRun(
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
          },
          {
            onText: (text) => observer.onText(text),
            onChunk: (chunk, text) => observer.onChunk(chunk, text),
            onReadEnd: () => observer.onReadEnd?.(),
            onEnd: end,
          },
        );
      });
      if (ticket) release = () => ticket.release();
      else {
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
  async models(): Promise<string[]> {
    const { provider, endpoint, dispatcher } = await this.prepare();
    return listModels(provider, endpoint, dispatcher, systemClock);
  }

  /** Ends everything at once. Waits for nobody and never throws. */
  close(): void {
    this.closed = true;
    for (const running of [...this.live]) running.cancel();
    this.dispatcher?.destroy().catch(() => {});
    this.demo?.then((server) => server.close()).catch(() => {});
  }

  private prepare(): Promise<Ready> {
    this.ready ??= this.open().catch((thrown: unknown) => {
      // What is wrong in the settings stays wrong until they are deployed anew; anything else may pass.
      if (!(thrown instanceof Failure)) this.ready = undefined;
      throw thrown;
    });
    return this.ready;
  }

  private async open(): Promise<Ready> {
    const settings = readProviderConfig(this.config, this.credentials);
    const provider = providerById(this.config.provider || "demo");
    const isDemo = provider.id === "demo";
    const given = isDemo ? await this.startDemo(settings.demoPace) : settings.endpoint;
    const endpoint = checkEndpoint(provider, given, this.config.allowInsecure === true);
    if (this.closed) throw new Failure("cancelled", "The provider has been closed.");
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

  private failed(failure: Failure): ChatResult {
    const described = new Failure(failure.code, failure.message, {
      ...failure.toJSON(),
      provider: failure.provider || this.config.provider,
    });
    return resultWithout("failed", described);
  }
}

/** The end of a stream that never began. */
export function resultWithout(outcome: "failed" | "cancelled", failure?: Failure): ChatResult {
  const machine = new CompletionMachine();
  return {
    outcome,
    finishReason: outcome === "failed" ? "error" : "cancelled",
    stats: statsOf(0, 0, null, 0),
    skipped: 0,
    closing: machine.closingChunk(),
    completion: machine.completion(randomUUID()),
    ...(failure ? { failure } : {}),
  };
}
