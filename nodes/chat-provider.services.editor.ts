/// <reference path="editor/red.d.ts" />
/// <reference path="editor/validators.editor.ts" />

/** The services that the runtime knows, and which deployed providers have no key. */
namespace ProviderServices {
  /** A setting that only some services have; see `ProviderSetting` in src/providers. */
  export interface Setting {
    name: string;
    kind: "text" | "number" | "choice" | "tick";
    choices?: string[];
    value?: string | number | boolean;
    required?: boolean;
    shared?: boolean;
  }

  /** A service as the runtime lists it; see the admin route `chat-provider/providers`. */
  export interface Service {
    id: string;
    label: string;
    baseUrl?: string;
    /** Its forms if it has both, the better one first. */
    forms?: ("chat" | "responses")[];
    /** A regular expression for the service's own hosts; default: the host of `baseUrl`. */
    ownHost?: string;
    keyRequired: boolean;
    keyVariable?: string;
    /** Whether Node-RED was started with this environment variable. */
    hasKeyVariable?: boolean;
    settings?: Setting[];
    /** What an address looks like, for a service that has none of its own. */
    exampleUrl?: string;
    /** The page where the vendor's keys are made. */
    keyPage?: string;
  }

  /** A chat-provider in the editor. */
  export interface ProviderNode extends EditorNode {
    provider?: string;
    baseUrl?: string;
    api?: string;
    settings?: Record<string, unknown>;
    /** The nodes that use it. */
    users?: EditorNode[];
    [setting: string]: unknown;
  }

  /** Empty until the runtime has answered. */
  let services: Service[] = [];
  /** Ids of deployed providers that have no key, as far as the runtime was asked. */
  const keyless = new Set<string>();

  /** @returns the id of today for a service that an older flow calls by another */
  export function normalizeId(id: unknown): string {
    return id === "openai-compatible" ? "custom" : String(id);
  }

  /** @returns undefined if the runtime does not know the service, or has not answered yet */
  export function findService(id: unknown): Service | undefined {
    return services.find((service) => service.id === normalizeId(id));
  }

  /** @returns what tells a provider without a name from others of the same service: its host, or its place among them */
  export function tellApart(node: ProviderNode): string {
    const readHost = ({ baseUrl }: ProviderNode) => Validators.parseUrl(String(baseUrl ?? ""))?.host ?? "";
    const host = readHost(node);
    const alike: string[] = [];
    RED.nodes.eachConfig((other) => {
      if (other.type !== "chat-provider" || other.name) return;
      const { provider } = other as ProviderNode;
      if (provider === node.provider && readHost(other as ProviderNode) === host) alike.push(other.id);
    });
    const place = alike.indexOf(node.id);
    return `${host && ` (${host})`}${place > 0 ? ` ${place + 1}` : ""}`;
  }

  export function listServices(): readonly Service[] {
    return services;
  }

  /** Asks the runtime for its services. */
  export async function loadServices(): Promise<void> {
    const listed: Service[] = await $.getJSON("chat-provider/providers");
    services = listed.map((service) => ({ ...service, label: translateLabel(service) }));
  }

  /** @returns the label in the editor's language; most are names, which are the same in each */
  function translateLabel({ id, label }: Service): string {
    return RED._(`@deltaflow/node-red-chat-stream/chat-provider:chat-provider.service.${id}`, {
      defaultValue: label,
    });
  }

  /** Whether the service needs a key that the environment does not have for it. */
  export function needsKey(service: Service | undefined, baseUrl: unknown): boolean {
    const isOwnAddress = String(baseUrl ?? "").trim() === "" && service?.baseUrl !== undefined;
    return service?.keyRequired === true && !(service.hasKeyVariable && isOwnAddress);
  }

  /** Whether a key, or a secret header that may take its place, is stored or was typed since the last deploy. */
  export function hasKey({ id, credentials }: ProviderNode): boolean {
    if (!credentials) return !keyless.has(id);
    return Boolean(credentials["has_apiKey"] || credentials["has_secretHeaders"]);
  }

  /**
   * Validates every provider again whose service needs a key, after a deploy and an import, too. The editor learns
   * only from an open dialog whether a key is stored; the mark on a node without one must not wait for that.
   */
  export function watchKeys(): void {
    const validate = (node: ProviderNode) => {
      for (const one of [node, ...(node.users ?? [])]) RED.editor.validateNode(one);
      RED.view.redraw();
    };
    const askForKey = async (node: ProviderNode) => {
      const stored: EditorCredentials = await $.getJSON(
        `credentials/chat-provider/${encodeURIComponent(node.id)}`,
      );
      if (stored["has_apiKey"] || stored["has_secretHeaders"]) keyless.delete(node.id);
      else keyless.add(node.id);
      validate(node);
    };
    let isPlanned = false;
    const validateAll = () => {
      isPlanned = false;
      RED.nodes.eachConfig((node) => {
        const service = node.type === "chat-provider" && findService((node as ProviderNode).provider);
        if (!service) return;
        if (service.keyRequired) askForKey(node as ProviderNode).catch(() => {});
        else validate(node as ProviderNode);
      });
    };
    const plan = () => {
      if (!isPlanned) setTimeout(validateAll, 50);
      isPlanned = true;
    };
    loadServices().then(plan, () => {});
    RED.events.on("deploy", plan);
    RED.events.on("nodes:add", (node) => node.type === "chat-provider" && plan());
  }
}
