import { WebSocket } from "undici";
import { Inbox } from "../support/runtime/inbox.js";

/** A message that the flow sends to the chat page over its websocket. */
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

/** A visitor of the chat page. It talks to the flow as the script of the page does. */
export class ChatVisitor {
  readonly frames = new Inbox<ChatFrame>();
  readonly conversation: { role: string; content: string }[] = [];
  private turn = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener("message", ({ data }) => this.frames.push(JSON.parse(String(data)) as ChatFrame));
  }

  /** @param url the address of the websockets of the flow */
  static async connect(url: string): Promise<ChatVisitor> {
    const socket = new WebSocket(`${url}/chat/ws`);
    const visitor = new ChatVisitor(socket);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    return visitor;
  }

  /** Sends a frame; a string is sent as it is. */
  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** Sends a question. @returns the number of its turn */
  ask(text: string, model = "demo"): number {
    this.turn += 1;
    this.send({ type: "ask", turn: this.turn, text, model, conversation: this.conversation });
    return this.turn;
  }

  /** Waits for the end of a turn. @returns how it ended */
  async waitForEnd(turn: number): Promise<NonNullable<ChatFrame["end"]>> {
    const isEnd = (frame: ChatFrame) => frame.turn === turn && frame.end !== undefined;
    await this.frames.waitUntil((frames) => frames.some(isEnd), `the end of turn ${turn}`);
    return this.frames.messages.find(isEnd)!.end!;
  }

  /** Asks, waits for the answer and adds both to the conversation, as the page does. @returns the answer */
  async converse(text: string, model?: string): Promise<string> {
    const turn = this.ask(text, model);
    await this.waitForEnd(turn);
    const answer = this.joinText(turn);
    this.conversation.push({ role: "user", content: text }, { role: "assistant", content: answer });
    return answer;
  }

  /** Waits for the first text of a turn. */
  async waitForText(turn: number): Promise<void> {
    const hasText = (frame: ChatFrame) => frame.turn === turn && frame.text;
    await this.frames.waitUntil((frames) => frames.some(hasText), `the text of turn ${turn}`);
  }

  /** @returns the text of a turn so far */
  joinText(turn: number): string {
    return this.frames.messages
      .filter((frame) => frame.turn === turn)
      .map((frame) => frame.text ?? "")
      .join("");
  }

  leave(): void {
    this.socket.close();
  }
}
