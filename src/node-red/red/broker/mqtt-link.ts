import { Failure } from "../../../core/failure.js";
import type { BrokerLink } from "../../../transport/broker/link.js";
import type { NodeRed } from "../api.js";

/** A message as core's broker node publishes it. */
interface MqttMessage {
  topic: string;
  payload: string;
  qos: number;
  /** Seconds. */
  messageExpiryInterval?: number;
}

/** The part of core's `mqtt-broker` node that core's own nodes use (`10-mqtt.js`, Node-RED 4.1 and 5). */
interface MqttBroker {
  connected: boolean;
  options?: { protocolVersion?: number };
  serverProperties?: { maximumPacketSize?: number; sharedSubscriptionAvailable?: boolean };
  /** Connects for the first user. Tells every user of each change of the connection by its `status`. */
  register(user: MqttUser): void;
  deregister(user: MqttUser, done: () => void, autoDisconnect: boolean): void;
  subscribe(
    topic: string,
    options: { qos: number; properties: object },
    onMessage: (topic: string, payload: Buffer) => void,
    ref: string,
  ): void;
  unsubscribe(topic: string, ref: string, removes: boolean): void;
  publish(message: MqttMessage, done: (error?: unknown) => void): void;
}

interface MqttUser {
  id: string;
  status(): void;
}

const MQTT_5 = 5;

/** At least once: a lost frame would end its stream. */
const QOS = 1;

/**
 * Opens a connection over a core `mqtt-broker` node, which has address, TLS and credentials, and reconnects.
 * @param owner id of the node that uses it; unique for each link
 * @throws Failure `configuration` if there is no such node, or if it does not speak MQTT 5
 */
export function openMqttLink(red: NodeRed, broker: string | undefined, owner: string): BrokerLink {
  const node = broker ? red.nodes.getNode(broker) : undefined;
  if (node?.type !== "mqtt-broker" || typeof node["register"] !== "function") {
    throw new Failure(
      "configuration",
      "The broker is not set, missing or disabled. Choose an mqtt-broker node in the dialog.",
    );
  }
  const mqtt = node as unknown as MqttBroker;
  if (mqtt.options?.protocolVersion !== MQTT_5) {
    throw new Failure(
      "configuration",
      "The broker node does not speak MQTT 5, which has shared subscriptions. Set its protocol to MQTT V5.",
    );
  }
  return new MqttLink(mqtt, owner);
}

/** The topic of a fleet whose author has chosen none. */
const DEFAULT_FLEET_TOPIC = "chat";

/**
 * Reads the topic that the machines of a fleet share.
 * @throws Failure `configuration` if it has wildcards
 */
export function readFleetTopic(text: string): string {
  const topic = text.trim().replace(/^\/|\/$/g, "") || DEFAULT_FLEET_TOPIC;
  if (!/[+#\0]/.test(topic)) return topic;
  throw new Failure(
    "configuration",
    "The topic has a wildcard (+ or #). Choose one topic, and use it on all machines of the fleet.",
  );
}

class MqttLink implements BrokerLink {
  private readonly watchers = new Set<() => void>();
  private readonly unsubscribe = new Set<() => void>();
  private readonly user: MqttUser;
  private isUp = false;
  private isClosed = false;

  constructor(
    private readonly broker: MqttBroker,
    private readonly owner: string,
  ) {
    this.user = { id: owner, status: () => this.handleStatus() };
    broker.register(this.user);
    this.isUp = broker.connected;
  }

  get isConnected(): boolean {
    return this.isUp && this.broker.connected;
  }

  get maxMessageBytes(): number | undefined {
    return this.broker.serverProperties?.maximumPacketSize;
  }

  publish(topic: string, payload: string, expiryMs?: number): void {
    if (!this.broker.connected) return;
    const expiry = expiryMs === undefined ? {} : { messageExpiryInterval: Math.ceil(expiryMs / 1000) };
    // A failure shows as silence on the other side, which both sides watch for.
    this.broker.publish({ topic, payload, qos: QOS, ...expiry }, () => {});
  }

  subscribe(topic: string, onText: (text: string) => void): () => void {
    this.broker.subscribe(
      topic,
      { qos: QOS, properties: {} },
      (_topic, payload) => onText(payload.toString()),
      this.owner,
    );
    const end = () => {
      if (this.unsubscribe.delete(end)) this.broker.unsubscribe(topic, this.owner, true);
    };
    this.unsubscribe.add(end);
    return end;
  }

  watch(onChange: () => void): () => void {
    this.watchers.add(onChange);
    return () => this.watchers.delete(onChange);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.watchers.clear();
    for (const end of [...this.unsubscribe]) end();
    this.broker.deregister(this.user, () => {}, true);
  }

  /** The node says that it is connected before it has subscribed again: an answer could come too early. */
  private handleStatus(): void {
    queueMicrotask(() => {
      if (this.isClosed || this.isUp === this.broker.connected) return;
      this.isUp = this.broker.connected;
      for (const onChange of [...this.watchers]) onChange();
    });
  }
}
