/** A connection to a message broker, such as one of MQTT 5. It reconnects automatically. */
export interface BrokerLink {
  readonly isConnected: boolean;
  /** The largest message that the broker takes, in bytes; undefined if it does not say. */
  readonly maxMessageBytes: number | undefined;
  /**
   * Sends a text to a topic, at least once. While there is no connection, the text is lost.
   * @param expiryMs after this time the broker drops it if nobody has taken it; default: never
   */
  publish(topic: string, text: string, expiryMs?: number): void;
  /** Receives what comes to a topic, also after a reconnection. @returns ends the subscription */
  subscribe(topic: string, onText: (text: string) => void): () => void;
  /** Calls back whenever the connection is made or lost. @returns ends the watch */
  watch(onChange: () => void): () => void;
  /** Ends all subscriptions. The connection stays for others who use it. */
  close(): void;
}
