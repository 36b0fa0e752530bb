import { systemClock } from "../../transport/system-clock.js";
import { answers } from "../chat-endpoint/answers.js";
import type { Ask, ServedFlow } from "../chat-endpoint/flows.js";
import { type EndpointNode, findEndpoint } from "../chat-endpoint/lookup.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../red/api.js";
import { NodeHost } from "../red/host.js";
import { logWarning } from "../red/log.js";
import { StatusLine } from "../red/status-line.js";
import { composeMessage } from "./compose-message.js";
import { type ChatInConfig, readServedNames, readTimeout } from "./config.js";

/** The runtime half of a chat-in node: sends each request of a client into its flow, as one message. */
export class ChatInController {
  private readonly host: NodeHost;
  private readonly status: StatusLine;
  private readonly endpoint: EndpointNode | undefined;
  private readonly flow: ServedFlow;
  /** The model to ask, by the name under which the flow answers. */
  private readonly models: ReadonlyMap<string, string>;
  private readonly problem: string | undefined;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    config: ChatInConfig,
  ) {
    this.host = new NodeHost(red, node, systemClock);
    this.status = new StatusLine(node);
    const names = readServedNames(config);
    this.models = new Map(names.map(({ name, model }) => [name, model]));
    this.flow = {
      id: node.id,
      models: [...this.models.keys()],
      timeoutMs: readTimeout(config),
      ask: (ask) => this.ask(ask),
      handleEnd: () => this.showStatus(),
    };
    this.endpoint = findEndpoint(red, config.endpoint);
    this.problem = this.findProblem(this.endpoint?.runtime.offer(this.flow) ?? []);
    this.showStatus();
  }

  close(): void {
    this.endpoint?.runtime.withdraw(this.flow);
    this.status.close();
  }

  private ask(ask: Ask): void {
    const model = this.models.get(ask.model) ?? "";
    this.host.run(() => this.node.send(composeMessage(ask, model, this.endpoint!.id)));
    this.showStatus();
  }

  private findProblem(taken: readonly string[]): string | undefined {
    const { endpoint } = this;
    if (!endpoint) return this.translate("noEndpoint");
    if (this.flow.models.length === 0) return this.translate("noModel");
    if (endpoint.problem !== undefined) return this.translate(endpoint.problem);
    if (taken.length === 0) return undefined;
    logWarning(
      this.node,
      `Another chat-in at this endpoint already answers as ${taken.map((name) => `“${name}”`).join(", ")}. Choose other names.`,
    );
    return this.translate("taken", { name: taken[0]! });
  }

  private showStatus(): void {
    this.status.show(() => this.renderStatus());
  }

  private renderStatus(): NodeStatus {
    if (this.problem !== undefined) return { fill: "red", shape: "ring", text: this.problem };
    const count = answers.count(this.node.id);
    return count === 0 ? {} : { fill: "blue", shape: "dot", text: this.translate("answering", { count }) };
  }

  private translate(key: string, values: Record<string, string | number> = {}): string {
    return this.red._(`chat-in.status.${key}`, values);
  }
}
