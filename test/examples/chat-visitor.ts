/** A record of the stream that the chat page reads. */
export type ChatRecord = { type: string } & Record<string, unknown>;

interface ChatMessage {
  role: string;
  parts: { type: string; text: string }[];
}

/** A visitor of the chat page. It talks to the flow as the script of the page does, with a cookie as a browser has. */
export class ChatVisitor {
  readonly messages: ChatMessage[] = [];
  /** The records of the newest answer. */
  records: ChatRecord[] = [];
  private cookie = "";

  /**
   * @param url the address of the pages of a flow
   * @param chat the id of the conversation
   */
  constructor(
    private readonly url: string,
    readonly chat = "chat-1",
  ) {}

  /** Sends a request as the page does. */
  async request(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await fetch(`${this.url}/chat/api/ui${path}`, {
      method,
      headers: { Origin: this.url, Cookie: this.cookie },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    this.cookie ||= response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    return response;
  }

  /** Asks, and stops reading when `isEnough` says so. */
  async ask(text: string, model = "Demo", isEnough?: () => boolean): Promise<void> {
    this.messages.push({ role: "user", parts: [{ type: "text", text }] });
    const { chat, messages } = this;
    await this.read(await this.request("POST", "", { id: chat, model, messages }), isEnough);
  }

  /** Reads the answer again, as a page that was reloaded does. @returns the status */
  async resume(): Promise<number> {
    const response = await this.request("GET", `/${this.chat}/stream`);
    if (response.status === 200) await this.read(response);
    return response.status;
  }

  /** Asks and adds the answer to the conversation. @returns the answer */
  async converse(text: string, model?: string): Promise<string> {
    await this.ask(text, model);
    this.messages.push({ role: "assistant", parts: [{ type: "text", text: this.text }] });
    return this.text;
  }

  /** The text of the newest answer so far. */
  get text(): string {
    return this.join("text-delta");
  }

  join(type: string): string {
    return this.records
      .filter((record) => record.type === type)
      .map(({ delta }) => delta)
      .join("");
  }

  private async read(response: Response, isEnough: () => boolean = () => false): Promise<void> {
    this.records = [];
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    while (!isEnough()) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines)
        if (line.startsWith("data: {")) this.records.push(JSON.parse(line.slice(6)) as ChatRecord);
    }
    await reader.cancel();
  }
}
