import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import {
  buildHistoryEntry,
  dropOlderPictures,
  removeForeignFields,
} from "../../../src/core/chat/history-entry.js";

const assistant = (fields: object) => ({ role: "assistant", content: "a", ...fields });
const image = { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } };
const buildEntry = (fields: object) => buildHistoryEntry(assistant(fields), "a", "gemini");

describe("Conversation entry", () => {
  it("keeps only the text of an answer if the service wants nothing else back", () => {
    const answer = { reasoning_content: "Hm.", annotations: [{}], audio: { id: "1" }, refusal: "No", x: 1 };
    assert.deepEqual(buildEntry(answer), assistant({}));
    assert.deepEqual(buildEntry({ images: [], reasoning_details: [], gemini_parts: {} }), assistant({}));
    assert.deepEqual(buildHistoryEntry(undefined, "b", "gemini"), assistant({ content: "b" }));
  });

  it("keeps pictures, signed reasoning and the fields that only one service reads", () => {
    const fields = {
      images: [image],
      reasoning_details: [{ type: "reasoning.encrypted", data: "EmwK" }],
      anthropic_blocks: { "1": {} },
      anthropic_order: [1],
      gemini_parts: { "0": {} },
      thought_signature: "c2ln",
      extra_content: { google: { thought_signature: "c2ln" } },
    };
    assert.deepEqual(buildEntry(fields), assistant({ ...fields, kept_for: "gemini" }));
  });

  it("keeps reasoning only if all of it is signed, because services refuse a part that was cut off", () => {
    const signed = { type: "reasoning.text", text: "A", signature: "c2ln" };
    const summary = { type: "reasoning.summary", summary: "B" };
    const has = (...details: unknown[]) => "reasoning_details" in buildEntry({ reasoning_details: details })!;
    assert.equal(has(signed), true);
    assert.equal(has(summary, { type: "reasoning.encrypted", data: "x" }), true);
    for (const details of [[signed, { type: "reasoning.text", text: "C" }], [summary], [signed, 1]]) {
      assert.equal(has(...details), false, JSON.stringify(details));
    }
  });

  it("makes no entry for an empty answer, but one for a picture without text", () => {
    const silent = { reasoning_details: [{ type: "reasoning.encrypted", data: "x" }] };
    for (const said of [undefined, assistant({}), assistant(silent)]) {
      assert.equal(buildHistoryEntry(said, " \n", "gemini"), undefined);
    }
    const drawn = buildHistoryEntry(assistant({ images: [image] }), "", "gemini");
    assert.deepEqual(drawn, { role: "assistant", content: "", images: [image], kept_for: "gemini" });
  });

  it("sends the kept fields to their own service, and only the text to another one", () => {
    const asked: ChatMessage = { role: "user", content: "a" };
    const both = buildHistoryEntry(assistant({ images: [image] }), "Here.", "gemini")!;
    const drawn = buildHistoryEntry(assistant({ images: [image] }), "", "gemini")!;
    const history = [asked, both, asked, drawn];
    const sent = (service: string) =>
      removeForeignFields({ model: "m", messages: history }, () => service).messages;
    assert.deepEqual(sent("gemini"), [
      asked,
      assistant({ content: "Here.", images: [image] }),
      asked,
      assistant({ content: "", images: [image] }),
    ]);
    assert.deepEqual(sent("groq"), [asked, assistant({ content: "Here." }), asked]);
    assert.equal(both["kept_for"], "gemini", "the entry itself stays unchanged");
  });

  it("sends messages that the author wrote unchanged", () => {
    const own = { model: "m", messages: [assistant({ images: [image], reasoning_details: [{}] })] };
    assert.equal(
      removeForeignFields(own, () => "groq"),
      own,
    );
  });

  it("drops the pictures of all answers but the latest one with pictures", () => {
    const asked: ChatMessage = { role: "user", content: [image] };
    const [first, silent, second] = ["Here.", "", "Again."].map(
      (text) => buildHistoryEntry(assistant({ images: [image] }), text, "gemini")!,
    );
    const conversation = [asked, first!, asked, silent!, asked, second!];
    assert.deepEqual(dropOlderPictures(conversation), [
      asked,
      assistant({ content: "Here." }),
      asked,
      asked,
      second,
    ]);
    assert.deepEqual(dropOlderPictures([asked, first!]), [asked, first]);
  });
});
