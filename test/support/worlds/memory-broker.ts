import type { BrokerLink } from "../../../src/transport/broker/link.js";

/** What becomes of a message on its way: how often it arrives, and how many messages overtake it. */
export interface Fate {
  copies: number;
  lateness: number;
}

const NORMAL: Fate = { copies: 1, lateness: 0 };

interface Subscription {
  link: MemoryLink;
  onText(text: string): void;
}

interface Delivery {
  subscription: Subscription;
  text: string;
  order: number;
}

/** A broker with shared subscriptions in this process. Messages arrive when `deliver` is called. */
export class MemoryBroker {
  /** Decides what becomes of each message. */
  decideFate: (topic: string, text: string) => Fate = () => NORMAL;
  /** Every message that was published, with its topic. */
  readonly published: { topic: string; text: string }[] = [];
  maxMessageBytes: number | undefined;
  private readonly topics = new Map<string, Set<Subscription>>();
  private readonly shared = new Map<string, Subscription[]>();
  private queue: Delivery[] = [];
  private count = 0;

  connect(): MemoryLink {
    return new MemoryLink(this);
  }

  /** Delivers what is on its way, and what follows from it. */
  deliver(): void {
    while (this.queue.length > 0) {
      this.queue.sort((one, other) => one.order - other.order);
      const { subscription, text } = this.queue.shift()!;
      if (subscription.link.isConnected && this.isSubscribed(subscription)) subscription.onText(text);
    }
  }

  publish(topic: string, text: string): void {
    this.published.push({ topic, text });
    const { copies, lateness } = this.decideFate(topic, text);
    for (let copy = 0; copy < copies; copy++) {
      const order = this.count++ + lateness + 0.5;
      for (const subscription of this.choose(topic)) this.queue.push({ subscription, text, order });
    }
  }

  subscribe(topic: string, subscription: Subscription): () => void {
    const [, name] = /^\$share\/[^/]+\/(.+)$/.exec(topic) ?? [];
    if (name !== undefined) {
      const group = this.shared.get(name) ?? [];
      this.shared.set(name, group);
      group.push(subscription);
      return () => {
        group.splice(group.indexOf(subscription), 1);
      };
    }
    const group = this.topics.get(topic) ?? new Set();
    this.topics.set(topic, group.add(subscription));
    return () => group.delete(subscription);
  }

  /** The next in turn of those that share a topic, and all others. */
  private choose(topic: string): Subscription[] {
    const group = this.shared.get(topic) ?? [];
    const next = group.shift();
    if (next) group.push(next);
    return [...(this.topics.get(topic) ?? []), ...(next ? [next] : [])];
  }

  private isSubscribed(subscription: Subscription): boolean {
    return [...this.topics.values(), ...this.shared.values()].some((group) =>
      [...group].includes(subscription),
    );
  }
}

/** One client of the broker. */
export class MemoryLink implements BrokerLink {
  private connected = true;
  private readonly watchers = new Set<() => void>();

  constructor(private readonly broker: MemoryBroker) {}

  get isConnected(): boolean {
    return this.connected;
  }

  set isConnected(value: boolean) {
    this.connected = value;
    for (const onChange of [...this.watchers]) onChange();
  }

  get maxMessageBytes(): number | undefined {
    return this.broker.maxMessageBytes;
  }

  publish(topic: string, text: string): void {
    if (this.connected) this.broker.publish(topic, text);
  }

  subscribe(topic: string, onText: (text: string) => void): () => void {
    return this.broker.subscribe(topic, { link: this, onText });
  }

  watch(onChange: () => void): () => void {
    this.watchers.add(onChange);
    return () => this.watchers.delete(onChange);
  }

  close(): void {
    this.watchers.clear();
  }
}
