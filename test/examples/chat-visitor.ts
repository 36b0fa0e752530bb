import { WebSocket } from "undici";
import { Inbox } from "../support/runtime/inbox.js";

/** What the chat page gets over its websocket. */
export interface ChatFrame {
  type: string;
  turn?: number;
  text?: string;
  thinking?: string;
  end?: {
    finishReason: string;
    stats: { characters: number; charactersPerSecond: number };
    error?: { code: string; retryAfterMs?: number };
  };
  models?: { id: string; label: string }[];
}

/** A visitor of the chat page, as its script talks to the flow. */
export class ChatVisitor {
  readonly frames = new Inbox<ChatFrame>();
  readonly conversation: { role: string; content: string }[] = [];
  private turn = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener("message", ({ data }) => this.frames.push(JSON.parse(String(data)) as ChatFrame));
  }

  static async connect(url: string): Promise<ChatVisitor> {
    const socket = new WebSocket(`${url}/chat/ws`);
    const visitor = new ChatVisitor(socket);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    return visitor;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** @returns the number of the turn */
  ask(text: string, model = "demo"): number {
    this.turn += 1;
    this.send({ type: "ask", turn: this.turn, text, model, conversation: this.conversation });
    return this.turn;
  }

  /** Waits for the end of a turn. */
  async waitForEnd(turn: number): Promise<NonNullable<ChatFrame["end"]>> {
    const isEnd = (frame: ChatFrame) => frame.turn === turn && frame.end !== undefined;
    await this.frames.until((frames) => frames.some(isEnd), `the end of turn ${turn}`);
    return this.frames.messages.find(isEnd)!.end!;
  }

  /** Asks, waits for the answer and remembers both, as the page does. */
  async converse(text: string, model?: string): Promise<string> {
    const turn = this.ask(text, model);
    await this.waitForEnd(turn);
    const answer = this.text(turn);
    this.conversation.push({ role: "user", content: text }, { role: "assistant", content: answer });
    return answer;
  }

  async waitForText(turn: number): Promise<void> {
    await this.frames.until((frames) => frames.some((frame) => frame.turn === turn && frame.text), "text");
  }

  text(turn: number): string {
    return this.frames.messages
      .filter((frame) => frame.turn === turn)
      .map((frame) => frame.text ?? "")
      .join("");
  }

  leave(): void {
    this.socket.close();
  }
}
