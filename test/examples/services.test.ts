import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { EXAMPLES } from "../support/flows/examples.js";
import {
  buildCallEvents,
  buildEvent,
  buildMessageEvents,
  buildReasoningEvents,
} from "../support/services/responses-records.js";
import { ResponsesService } from "../support/services/responses-service.js";
import { SaasService, TEAM, VIRTUAL_KEY } from "../support/services/saas-service.js";
import { useService } from "../support/services/use-service.js";
import { VENICE_KEY, VeniceService } from "../support/services/venice-service.js";
import { ExampleRun, isAboutServices } from "./example-run.js";

describe("Examples with several services or with speech", () => {
  const service = useService();
  let run: ExampleRun;
  before(async () => {
    run = await ExampleRun.start();
  });
  after(() => run.stop());

  it("The same question: shows three answers side by side, each with its times", async () => {
    await run.deploy("The same question to several providers");
    for (const [button, text] of [
      ["Explain streaming", /^Streaming means/],
      ["Write a haiku", /The sea/],
    ] as const) {
      run.clear();
      await run.press(button);
      const [all] = (await run.waitForShown("Side by side")) as Record<string, Record<string, string>>[];
      assert.deepEqual(Object.keys(all!).sort(), ["demo", "demo-fast", "demo-reasoning"]);
      for (const [model, { answer, firstTextAfter, took }] of Object.entries(all!)) {
        assert.match(answer!, text, model);
        assert.match(firstTextAfter!, /^\d+ ms$/);
        assert.match(took!, /^\d+ ms$/);
      }
      assert.ok(run.getShown("Who said what").length > 30);
    }
  });

  it("Translator: translates sentence by sentence and joins the results in order", async () => {
    await run.deploy("Translator");
    for (const [button, first, last] of [
      ["Into German", "Guten Morgen", "Jede Reise beginnt mit einem ersten Schritt"],
      ["Into French", "Bonjour", "Tout voyage commence par un premier pas"],
      ["Into Spanish", "Buenos días", "Todo viaje comienza con un primer paso"],
    ] as const) {
      run.clear();
      await run.press(button);
      const [whole] = await run.waitForShown("Whole translation");
      const lines = String(whole).split("\n");
      assert.equal(lines.length, 5);
      assert.deepEqual([lines[0], lines[3], lines[4]], [first, last, ""]);
      assert.equal(run.getShown("Sentence").join(""), whole);
    }
  });

  it("Several documents: analyses three documents in order, as one job with one charge", async () => {
    const saas = new SaasService(service());
    saas.pieces = ["It says", " something."];
    const node = { baseUrl: saas.url, settings: { team: TEAM, jobType: "document_analysis" } };
    await run.deploy("Several documents in one job", 1000, {
      providerProperties: node,
      credentials: { apiKey: VIRTUAL_KEY },
    });
    await run.press("Analyse them");
    const [account] = (await run.waitForShown("Credits")) as Record<string, unknown>[];
    assert.deepEqual(account, { id: "job 1", status: "completed", creditsRemaining: 9, creditApplied: true });
    assert.deepEqual(run.getShown("Analyses"), [Array(3).fill("It says something.")]);
    const [job] = [...saas.jobs.values()];
    assert.deepEqual([saas.jobs.size, job!.calls.length, job!.type], [1, 3, "document_analysis"]);

    run.clear();
    saas.faults.set("stream 1", "500");
    await run.press("Analyse them");
    await run.waitForShown("Credits");
    assert.equal((await run.waitForShown("Why", 3)).length, 3);
    assert.ok([...saas.jobs.values()].every(({ completions: completes }) => completes.length === 1));
  });

  it("Venice: lists each source of an answer once, and does not search the web if the message forbids it", async () => {
    const venice = new VeniceService(service());
    const createSource = (url: string) => ({ url, title: `About ${url}`, content: "…", date: "2026" });
    const createCitationRecord = (...urls: string[]) => ({
      id: "chatcmpl-v",
      choices: [],
      venice_parameters: { web_search_citations: urls.map(createSource) },
    });
    venice.answer = (reply, { body }) => {
      const parameters = body["venice_parameters"] as { enable_web_search: string };
      const found =
        parameters.enable_web_search === "on"
          ? [createCitationRecord("https://a"), createCitationRecord("https://a", "https://b")]
          : [];
      venice.sendStream(reply, [venice.createTextRecord("A lot.^1^"), ...found]);
    };
    const title = "Venice with web search and citations";
    await run.deploy(title, 1000, {
      providerProperties: { baseUrl: venice.url },
      credentials: { apiKey: VENICE_KEY },
    });
    await run.press("What is new in Node-RED?");
    assert.deepEqual(await run.waitForShown("Answer"), ["A lot.^1^"]);
    assert.deepEqual(await run.waitForShown("Sources"), [
      [
        { title: "About https://a", url: "https://a" },
        { title: "About https://b", url: "https://b" },
      ],
    ]);
    assert.deepEqual(service().requests[0]!.body["venice_parameters"], {
      enable_web_search: "on",
      enable_web_citations: true,
      include_venice_system_prompt: false,
    });

    run.clear();
    await run.press("… without the web");
    assert.deepEqual(await run.waitForShown("Sources"), [[]]);

    run.clear();
    venice.answer = (reply) =>
      reply.sendJson(402, { error: "Insufficient balance", code: "INSUFFICIENT_BALANCE" });
    await run.press("What is new in Node-RED?");
    const [error] = (await run.waitForShown("Why")) as { code: string }[];
    assert.equal(error!.code, "insufficient_credits");
  });

  it("Speech: writes one WAV file, and sends the same sound to a browser", async () => {
    await run.deploy("Speech sentence by sentence");
    await run.press("Explain streaming");
    const [file] = (await run.waitForShown("File")) as string[];
    try {
      const sound = readFileSync(file!);
      assert.equal(sound.toString("latin1", 0, 4), "RIFF");
      assert.equal(sound.indexOf("RIFF", 4), -1);
      const stats = run.getShown("Speech").at(-1) as Record<string, number>;
      assert.deepEqual([stats["texts"], stats["bytes"]], [4, sound.length]);
      const response = await fetch(`${run.webUrl}/speech?prompt=${encodeURIComponent("Explain streaming.")}`);
      assert.equal(response.headers.get("content-type"), "audio/wav");
      assert.deepEqual(Buffer.from(await response.arrayBuffer()), sound);
    } finally {
      rmSync(file!, { force: true });
    }
  });

  it("Speech: stops the model and the voice if the listener leaves", async () => {
    await run.deploy("Speech sentence by sentence", 50);
    const leaving = new AbortController();
    const left = await fetch(`${run.webUrl}/speech?prompt=Tell%20me%20a%20long%20story.`, {
      signal: leaving.signal,
    });
    await left.body!.getReader().read();
    leaving.abort();
    await run.waitForStatus("Ask", "grey", "ring");
    await run.waitForStatus("Speak", "grey", "ring");
    assert.deepEqual(run.getShown("Why"), []);
  });

  it("OpenAI with tools: calls the tools, and sends the thoughts back with their results", async () => {
    const openai = new ResponsesService(service());
    const calls = (name: string, args: string) => [
      ...buildReasoningEvents(["I need it."], 0, { encrypted_content: "enc" }),
      ...buildCallEvents("call_1", name, [args], 1),
    ];
    await run.deploy("OpenAI with tools", 1000, {
      providerProperties: { baseUrl: openai.url },
      credentials: { apiKey: "sk-test-1234567890" },
    });
    for (const [button, name, args] of [
      ["Weather in Paris", "get_weather", '{"city":"Paris"}'],
      ["Time in Tokyo", "get_time", '{"city":"Tokyo"}'],
    ] as const) {
      run.clear();
      openai.answers = [calls(name, args), buildMessageEvents(["So it is."])];
      await run.press(button);
      assert.deepEqual(await run.waitForShown("Answer"), ["So it is."]);
      const input = openai.bodies.at(-1)!["input"] as { type: string; encrypted_content?: string }[];
      assert.deepEqual(
        input.map(({ type }) => type),
        ["message", "reasoning", "function_call", "function_call_output"],
      );
      assert.equal(input[1]!.encrypted_content, "enc");
    }
    run.clear();
    openai.answers = [buildMessageEvents(["The sea."])];
    await run.press("No tool for this");
    assert.deepEqual(await run.waitForShown("Answer"), ["The sea."]);
    assert.deepEqual(run.getShown("Not finished"), []);
  });

  it("Web search: has OpenAI search, lists the sources, and does not search if the message forbids it", async () => {
    const openai = new ResponsesService(service());
    await run.deploy("Web search with sources", 1000, {
      providerProperties: { baseUrl: openai.url },
      credentials: { apiKey: "sk-test-1234567890" },
    });
    const source = { type: "url_citation", url: "https://a", title: "A", start_index: 0, end_index: 4 };
    const search = { id: "ws_1", type: "web_search_call", status: "completed", action: { query: "a" } };
    const message = buildMessageEvents(["Much."], 1);
    openai.answers = [
      [
        buildEvent("output_item.done", { output_index: 0, item: search }),
        ...message.slice(0, -1),
        buildEvent("output_text.annotation.added", { output_index: 1, content_index: 0, annotation: source }),
        ...message.slice(-1),
      ],
    ];
    await run.press("What is new in Node-RED?");
    assert.deepEqual(await run.waitForShown("Answer"), ["Much."]);
    assert.deepEqual(await run.waitForShown("Sources"), [[{ title: "A", url: "https://a" }]]);
    assert.deepEqual(openai.bodies[0]!["tools"], [{ type: "web_search" }]);

    run.clear();
    openai.answers = [buildMessageEvents(["Nothing."])];
    await run.press("… without the web");
    assert.deepEqual(await run.waitForShown("Sources"), [[]]);
    assert.equal(openai.bodies.at(-1)!["tools"], undefined);
    assert.deepEqual(run.getShown("Why"), []);
  });

  it("have no button that these tests do not press", () => {
    assert.deepEqual(run.listUnpressed(EXAMPLES.filter(isAboutServices)), []);
  });
});
