import type { Dispatcher } from "undici";
import type { Provider } from "../../providers/provider.js";
import type { Endpoint } from "../../providers/shared/endpoint.js";
import type { CassettePlayer } from "../../transport/cassette/player.js";
import type { Recorder } from "../../transport/cassette/recorder.js";
import type { ProviderSettings } from "./config.js";

/** Everything that is needed to make a request: the settings, checked, and the connections. */
export interface OpenedProvider {
  provider: Provider;
  endpoint: Endpoint;
  dispatcher: Dispatcher;
  settings: ProviderSettings;
  /** Records every stream. Set only if the author wants it. */
  recorder?: Recorder | undefined;
  /** The dispatcher, if it answers from a cassette. */
  player?: CassettePlayer;
}
