import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chatStream, Failure } from "../../src/index.js";
import { LIBRARY_WORDINGS, rewordForLibrary } from "../../src/library-wording.js";
import { useService } from "../support/services/use-service.js";
import { listFiles } from "../support/source-tree.js";

/** The layers whose errors a caller of the library may see. */
const LAYERS = ["core", "client", "providers", "transport", "dialects"].map((layer) => `src/${layer}`);

/** Words that only an author of flows knows. */
const FLOW_WORDS =
  /\bmsg\.\w|\bthe node\b|\b(in|of|from) (the|its) provider\b|\bthe provider's\b|\bretry node|\btick “|\bchat-stream\b|\bdialog\b|\bdeploy\b/;

/** Sentences about nodes alone. */
const ABOUT_NODES = [/^The broker is not connected\./];

const LITERALS = LAYERS.flatMap((layer) => listFiles(layer)).flatMap((file) => {
  const code = readFileSync(file, "utf8").replace(/^\s*(\/\/|\/?\*).*$/gm, "");
  return [...code.matchAll(/"([^"\n]*)"|`([^`]*)`/g)].map(([, plain, template]) => plain ?? template!);
});

describe("Errors of the library", () => {
  const service = useService();

  it("speak of options, and not of nodes, messages and dialogs", () => {
    assert.ok(LITERALS.length > 1000);
    const left = LITERALS.filter((text) => !ABOUT_NODES.some((pattern) => pattern.test(text)))
      .filter((text) => / .* /.test(text) && !/^[\w-]+\/[\w-]+/.test(text))
      .map((text) => rewordForLibrary(new Failure("configuration", text)).message)
      .filter((text) => FLOW_WORDS.test(text));
    assert.deepEqual(left, []);
  });

  it("have words for sentences that exist, and for no others", () => {
    const unused = LIBRARY_WORDINGS.filter(([flow]) => !LITERALS.some((text) => text.includes(flow)));
    assert.deepEqual(unused, []);
  });

  it("say which option to set, before a request and after a refusal", async () => {
    const options = { provider: "custom", baseUrl: service().url, messages: "Hi" };
    await assert.rejects(chatStream(options).collect(), /Set the option “model”\.$/);
    service().script = (reply) => reply.sendJson(401, {});
    await assert.rejects(chatStream({ ...options, model: "m" }).collect(), /Check the option “apiKey”\.$/);
    await assert.rejects(
      chatStream({ ...options, baseUrl: "http://10.0.0.1/v1", apiKey: "sk-12345678" }).collect(),
      /or set the option “allowInsecure”\.$/,
    );
  });
});
