import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { createFieldFailure } from "../request-fields.js";

type Fields = Readonly<Record<string, unknown>>;

/** Converts the input of a response into a conversation. Items of one answer become one message. */
export class InputItems {
  readonly messages: ChatMessage[] = [];
  /** Reasoning of the answer that comes next. */
  private reasoning = "";

  /** @param findItem finds an item of an earlier answer, which some clients send by its id only */
  constructor(private readonly findItem: (id: string) => unknown) {}

  /** Adds the `input` of a request. @throws Failure `invalid_request` that names the item which is wrong */
  addAll(input: unknown): void {
    if (typeof input === "string") this.messages.push({ role: "user", content: input });
    else if (!Array.isArray(input)) throw createFieldFailure("input", "a text, or a list of items");
    else for (const [at, item] of input.entries()) this.add(item, `input[${at}]`);
  }

  add(item: unknown, place: string): void {
    if (!isObject(item)) throw createFieldFailure(place, "an object");
    const { type = "message" } = item;
    if (type === "message") this.addMessage(item, place);
    else if (type === "function_call") this.addCall(item, { function: this.readFunction(item) });
    else if (type === "custom_tool_call")
      this.addCall(item, { custom: { name: item["name"], input: item["input"] } });
    else if (type === "function_call_output" || type === "custom_tool_call_output")
      this.addResult(item, place);
    else if (type === "reasoning") this.reasoning += joinTexts(item["content"]) || joinTexts(item["summary"]);
    else if (type === "item_reference") this.addReference(item, place);
    else
      throw createFieldFailure(`${place}.type`, "a message, a call of a function, its output, or reasoning");
  }

  private addMessage({ role, content }: Fields, place: string): void {
    const converted = convertContent(content, `${place}.content`);
    if (role !== "assistant") {
      this.messages.push({ role: String(role ?? ""), content: converted });
      return;
    }
    this.messages.push({ role, content: joinTexts(content), ...this.takeReasoning() });
  }

  private readFunction({ name, arguments: text }: Fields): object {
    return { name, arguments: typeof text === "string" ? text : "{}" };
  }

  /** Adds a call to the answer that made it. */
  private addCall({ call_id: id }: Fields, call: object): void {
    const type = Object.keys(call)[0]!;
    const last = this.messages.at(-1);
    const answer: ChatMessage =
      last?.role === "assistant" ? last : { role: "assistant", content: null, ...this.takeReasoning() };
    if (answer !== last) this.messages.push(answer);
    const calls = Array.isArray(answer["tool_calls"]) ? answer["tool_calls"] : [];
    answer["tool_calls"] = [...calls, { id, type, ...call }];
  }

  private addResult({ call_id: id, output }: Fields, place: string): void {
    const content = convertContent(output ?? "", `${place}.output`);
    this.messages.push({ role: "tool", tool_call_id: id, content });
  }

  private addReference({ id }: Fields, place: string): void {
    const item = typeof id === "string" ? this.findItem(id) : undefined;
    if (!isObject(item) || item["type"] === "item_reference") {
      throw new Failure(
        "invalid_request",
        `The field ${place} of the request names an item that is not kept here. Send the items themselves: set store to false (in the AI SDK: providerOptions.openai.store).`,
      );
    }
    this.add(item, place);
  }

  private takeReasoning(): { reasoning_content?: string } {
    const { reasoning } = this;
    this.reasoning = "";
    return reasoning === "" ? {} : { reasoning_content: reasoning };
  }
}

function convertContent(content: unknown, place: string): unknown {
  if (!Array.isArray(content)) return content;
  const parts = content.map((part: unknown, at) => convertPart(part, `${place}[${at}]`));
  return parts.every(({ type }) => type === "text") ? parts.map(({ text }) => text).join("") : parts;
}

function convertPart(part: unknown, place: string): Record<string, unknown> {
  if (!isObject(part)) throw createFieldFailure(place, "a part with a type");
  const { type, text, refusal, image_url: image, detail, filename, file_data: data, file_url: url } = part;
  if (type === "input_text" || type === "output_text" || type === "text") return { type: "text", text };
  if (type === "refusal") return { type: "text", text: refusal };
  if (type === "input_image" && typeof image === "string")
    return {
      type: "image_url",
      image_url: { url: image, ...(typeof detail === "string" ? { detail } : {}) },
    };
  const file = data ?? url;
  if (type === "input_file" && typeof file === "string")
    return {
      type: "file",
      file: { filename: typeof filename === "string" ? filename : "file", file_data: file },
    };
  if (type === "input_audio") return { type, input_audio: part["input_audio"] };
  throw createFieldFailure(
    place,
    "a text, a picture or a file with its content. Ids of files are not known here",
  );
}

function joinTexts(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .flatMap((part: unknown) => {
      const text = isObject(part) ? (part["text"] ?? part["refusal"]) : undefined;
      return typeof text === "string" ? [text] : [];
    })
    .join("");
}
