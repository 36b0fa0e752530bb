import { once } from "node:events";
import { WebSocket } from "undici";

type Message = Record<string, unknown>;

/** A client of a websocket that sends and reads JSON. */
export class WebSocketReader {
  private readonly messages: Message[] = [];

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener("message", ({ data }) => this.messages.push(JSON.parse(String(data)) as Message));
  }

  static async open(url: string): Promise<WebSocketReader> {
    const socket = new WebSocket(url);
    const reader = new WebSocketReader(socket);
    await once(socket, "open");
    return reader;
  }

  send(message: Message): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Waits for a message. @returns all that came, up to it */
  async readUntil(isLast: (message: Message) => boolean): Promise<readonly Message[]> {
    while (!this.messages.some(isLast)) await once(this.socket, "message");
    return this.messages;
  }

  close(): void {
    this.socket.close();
  }
}
