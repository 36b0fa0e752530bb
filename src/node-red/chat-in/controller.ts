import { systemClock } from "../../transport/system-clock.js";
import type { Answer } from "../chat-endpoint/answer.js";
import { answers } from "../chat-endpoint/answers.js";
import type { Ask, ServedFlow } from "../chat-endpoint/flows.js";
import { type EndpointNode, findEndpoint } from "../chat-endpoint/lookup.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../red/api.js";
import { NodeHost } from "../red/host.js";
import { logWarning } from "../red/log.js";
import { StatusLine } from "../red/status-line.js";
import { findBehind, findWay } from "../red/wiring.js";
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
  private hasCheckedWires = false;

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
      handleEnd: (answer) => this.handleEnd(answer),
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
    this.checkWires();
    const model = this.models.get(ask.model) ?? "";
    this.host.run(() => this.node.send(composeMessage(ask, model, this.endpoint!.id)));
    this.showStatus();
  }

  /** Warns once if the wires lead to no chat-out: clients wait in vain then. */
  private checkWires(): void {
    if (this.hasCheckedWires) return;
    this.hasCheckedWires = true;
    const { node, red } = this;
    if (findBehind(red, node, 0, "chat-out") || findWay(red, node, 0).end === "elsewhere") return;
    logWarning(
      node,
      "Nothing that leaves this node gets to a chat-out, so clients wait for an answer in vain. Wire the end of this flow into a chat-out node.",
    );
  }

  private handleEnd({ end, hasSource }: Answer): void {
    if (end?.failure?.code === "timeout" && !hasSource)
      logWarning(
        this.node,
        `No message of the answer got to a chat-out within ${this.flow.timeoutMs / 1000} s, so the client got an error. Leave msg.replyTo on the messages, or raise the timeout of this node.`,
      );
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
