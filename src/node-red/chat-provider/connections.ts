import { randomUUID } from "node:crypto";
import type { Dispatcher } from "undici";
import { listSecrets } from "../../client/hide-secrets.js";
import { Failure } from "../../core/failure.js";
import { type DemoServer, startDemoServer } from "../../demo/server/demo-server.js";
import { checkEndpoint } from "../../providers/check-endpoint.js";
import { getProvider } from "../../providers/index.js";
import type { Provider } from "../../providers/provider.js";
import type { Endpoint } from "../../providers/shared/endpoint.js";
import { takeUsualKey } from "../../providers/start/usual-key.js";
import { createAgent } from "../../transport/agent.js";
import { FleetDispatcher } from "../../transport/broker/fleet.js";
import { CassetteFile } from "../../transport/cassette/cassette-file.js";
import { CassettePlayer } from "../../transport/cassette/player.js";
import { Recorder } from "../../transport/cassette/recorder.js";
import { systemClock } from "../../transport/system-clock.js";
import {
  type ProviderCredentials,
  type ProviderNodeConfig,
  type ProviderSettings,
  readProviderConfig,
  readServiceId,
} from "./config.js";
import type { OpenedProvider } from "./opened-provider.js";
import type { Surroundings } from "./surroundings.js";

/** Stands for the key of a service that is not asked. */
const NO_KEY = "replayed";
/** Stands for the address of a demo server that is not started. */
const DEMO_URL = "http://127.0.0.1/v1";

/** The connections of a provider: to its service, to its own demo server, to a fleet of workers, or to a cassette. */
export class Connections {
  private demo: Promise<DemoServer> | undefined;
  private dispatcher: Dispatcher | undefined;
  private recorder: Recorder | undefined;
  private isClosed = false;

  constructor(
    private readonly config: ProviderNodeConfig,
    private readonly credentials: ProviderCredentials,
    private readonly surroundings: Surroundings,
  ) {}

  /** @throws Failure if the settings are wrong, or the provider has been closed */
  async open(): Promise<OpenedProvider> {
    const { config, credentials, surroundings } = this;
    const settings = readProviderConfig(config, credentials, surroundings.variables);
    const provider = getProvider(readServiceId(config));
    if (settings.record === "replay") return this.openCassette(provider, settings);
    const isDemo = provider.id === "demo";
    const { api } = settings.endpoint;
    const unchecked = isDemo
      ? { ...(await this.startDemo(settings.demoPace)), ...(api === undefined ? {} : { api }) }
      : takeUsualKey(provider, settings.endpoint, surroundings.variables.fill);
    const endpoint = checkEndpoint(provider, unchecked, config.allowInsecure === true);
    if (this.isClosed) throw new Failure("cancelled", "The provider has been closed.");
    this.dispatcher =
      provider.id === "remote" ? this.joinFleet(settings) : this.createHttpAgent(settings, isDemo);
    if (settings.record !== "off") this.recorder = this.createRecorder(provider, settings, endpoint);
    return { provider, endpoint, settings, dispatcher: this.dispatcher, recorder: this.recorder };
  }

  /** Closes the connections and stops the demo server. Does not wait for what is being recorded, see `settle`. */
  close(): void {
    this.isClosed = true;
    this.demo?.then((server) => server.close()).catch(() => {});
    this.dispatcher?.destroy().catch(() => {});
  }

  /** Waits until everything that was recorded is written. */
  async settle(): Promise<void> {
    await this.recorder?.settle();
  }

  /** Nothing is asked, so no key is needed, and what protects one is not checked. */
  private openCassette(provider: Provider, settings: ProviderSettings): OpenedProvider {
    const { baseUrl = provider.id === "demo" ? DEMO_URL : undefined, ...rest } = settings.endpoint;
    const endpoint = checkEndpoint(provider, { ...rest, baseUrl, apiKey: NO_KEY, headers: {} }, true);
    const player = new CassettePlayer({
      file: this.findCassette(settings),
      clock: systemClock,
      atOnce: settings.replayAtOnce,
      secrets: listSecrets({ baseUrl: "", ...settings.endpoint }),
    });
    this.dispatcher = player;
    return { provider, endpoint, settings, dispatcher: player, player };
  }

  private createRecorder(provider: Provider, settings: ProviderSettings, endpoint: Endpoint): Recorder {
    return new Recorder({
      file: this.findCassette(settings),
      clock: systemClock,
      provider: provider.id,
      secrets: listSecrets(endpoint),
      failuresOnly: settings.record === "failures",
      warn: (problem) => this.surroundings.warn(problem),
    });
  }

  private findCassette({ cassette }: ProviderSettings): CassetteFile {
    return new CassetteFile(this.surroundings.userDirectory, cassette);
  }

  private createHttpAgent({ timeouts }: ProviderSettings, isDemo: boolean): Dispatcher {
    const connection = isDemo ? { direct: true } : this.surroundings.readConnection();
    return createAgent({ connectTimeout: timeouts.connect, ...connection });
  }

  private joinFleet({ topic, silenceMs }: ProviderSettings): Dispatcher {
    const link = this.surroundings.openBroker();
    return new FleetDispatcher({ link, topic, silenceMs, clock: systemClock, createId: randomUUID });
  }

  private startDemo(pace: number): Promise<Endpoint> {
    this.demo = startDemoServer({ pace });
    return this.demo;
  }
}
