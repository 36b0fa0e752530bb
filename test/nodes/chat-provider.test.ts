import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Message } from "../../src/node-red/red.js";
import { certificate } from "../support/certificates.js";
import { askFlow, chatStream, provider, sink, TAB, witnesses } from "../support/flows.js";
import { useHelper } from "../support/helper.js";
import { end, ends, pause } from "../support/inbox.js";
import { type Credentials, type FlowNode, TestRuntime } from "../support/runtime.js";
import { type Reply, ScriptedService } from "../support/scripted-service.js";
import { useService } from "../support/service.js";

function codeOf(message: Message): string | undefined {
  return (message.error as { code: string } | undefined)?.code;
}

describe("The streams of a chat-provider", () => {
  const load = useHelper();
  const service = useService();
  let open: Reply[];
  beforeEach(() => {
    open = [];
    service().script = (reply) => {
      open.push(reply.open());
    };
  });

  /** Two chat-streams on one provider. */
  const flowOf = (limits: Record<string, unknown>) =>
    load([
      TAB,
      provider(service().url, limits),
      { ...chatStream(), id: "one" },
      { ...chatStream(), id: "two" },
      sink("out"),
      ...witnesses("one", "two"),
    ]);

  function questions(): unknown[] {
    return service().requests.map(({ body }) => (body["messages"] as { content: string }[])[0]!.content);
  }

  it("are no more at once than the author allows, whichever node asks; the rest wait in order of arrival", async () => {
    const flow = await flowOf({ maxConcurrent: 2 });
    for (const payload of ["A", "B", "C", "D", "E"]) flow.inject(payload < "C" ? "one" : "two", { payload });
    for (let count = 1; count <= 5; count++) {
      await service().requested(Math.min(count + 1, 5));
      await pause(10);
      assert.equal(service().requests.length, Math.min(count + 1, 5));
      open[count - 1]!.say("x");
      await ends(flow.inbox("out"), count);
    }
    assert.deepEqual(questions().slice().sort(), ["A", "B", "C", "D", "E"]);
    assert.deepEqual(questions().slice(2), ["C", "D", "E"]);
    assert.equal(service().most, 2);
  });

  it("end with overloaded at once where the line is full", async () => {
    const flow = await flowOf({ maxConcurrent: 8, maxQueued: 100 });
    for (let at = 0; at < 200; at++) flow.inject(at % 2 === 0 ? "one" : "two", { payload: `${at}` });
    const refused = await ends(flow.inbox("out"), 92);
    assert.ok(refused.every((message) => codeOf(message) === "overloaded"));
    await service().requested(8);
    assert.equal(service().requests.length, 8);
    assert.match((refused[0]!.error as { message: string }).message, /8 .*100/);
    service().script = (reply) => reply.say("x");
    for (const reply of open) reply.say("x");
    const all = await ends(flow.inbox("out"), 200);
    assert.equal(all.filter(({ finishReason }) => finishReason === "stop").length, 108);
    assert.equal(service().most, 8);
  });

  it("end with overloaded where nobody may wait", async () => {
    const flow = await flowOf({ maxConcurrent: 1, maxQueued: 0 });
    flow.inject("one", { payload: "A" });
    flow.inject("two", { payload: "B" });
    assert.equal(codeOf(await end(flow.inbox("out"))), "overloaded");
    await service().requested(1);
  });

  it("leave the line when they are cancelled, and never connect", async () => {
    const flow = await flowOf({ maxConcurrent: 1 });
    flow.inject("one", { payload: "A" });
    await service().requested(1);
    flow.inject("two", { payload: "B" });
    flow.inject("one", { payload: "C" });
    await pause(10);
    flow.inject("two", { cancel: true });
    const last = await end(flow.inbox("out"));
    assert.equal(last.finishReason, "cancelled");
    open[0]!.say("x");
    await service().requested(2);
    assert.deepEqual(questions(), ["A", "C"]);
  });

  it("make room for the next when they fail or are cancelled", async () => {
    const flow = await flowOf({ maxConcurrent: 1 });
    for (const payload of ["A", "B", "C"]) flow.inject("one", { payload });
    await service().requested(1);
    open[0]!.drop();
    await service().requested(2);
    flow.inject("one", { cancel: true, parts: { id: "nobody", index: 0 } });
    open[1]!.drop();
    await service().requested(3);
  });

  it("learn once that the service refuses stream_options, and never send them again", async () => {
    service().script = (reply, { body }) => {
      if (body["stream_options"]) reply.json(400, { error: { message: "Unknown field: stream_options" } });
      else reply.say("x");
    };
    const flow = await flowOf({});
    for (let count = 1; count <= 3; count++) {
      flow.inject(count === 2 ? "two" : "one", { payload: "Hi" });
      const lasts = await ends(flow.inbox("out"), count);
      assert.equal(lasts.at(-1)!.finishReason, "stop");
    }
    const sent = service().requests.map(({ body }) => "stream_options" in body);
    assert.deepEqual(sent, [true, false, false, false]);
  });

  it("end with timeout where the service is slower than the author allows", async () => {
    const flow = await flowOf({ firstChunkTimeout: "0.05" });
    flow.inject("one", { payload: "A" });
    const last = await end(flow.inbox("out"));
    assert.equal(codeOf(last), "timeout");
    assert.match((last.error as { message: string }).message, /0\.05 s/);
    await service().requests[0]!.gone;
  });

  it("skip records that are not JSON where the author calls the service tolerable, and a warning counts them", async () => {
    service().script = (reply) => {
      reply.send("a");
      reply.response.write("data: {oops\n\ndata: {oops again\n\n");
      reply.say("b");
    };
    const flow = await flowOf({ tolerant: true });
    const warnings: string[] = [];
    const node = flow.node("one") as unknown as {
      on(event: string, listener: (call: { firstArg: string }) => void): void;
    };
    node.on("call:warn", ({ firstArg }) => warnings.push(firstArg));
    flow.inject("one", { payload: "A" });
    assert.equal((await end(flow.inbox("out"))).finishReason, "stop");
    await pause();
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^2 records/);
  });
});

describe("The connection of a chat-provider", () => {
  const authority = certificate({ name: "Test CA", authority: true });
  const leaf = certificate({ name: "127.0.0.1", hosts: ["127.0.0.1"], issuer: authority });
  let secure: ScriptedService;
  let tunnel: Tunnel;
  let runtime: TestRuntime;
  before(async function () {
    this.timeout(10_000);
    runtime = await TestRuntime.start();
    secure = await ScriptedService.start({ tls: leaf });
    tunnel = await Tunnel.start();
  });
  beforeEach(() => {
    secure.reset();
    runtime.clear();
    tunnel.heads.length = 0;
    tunnel.refusal = undefined;
  });
  after(async () => {
    await runtime.stop();
    await secure.close();
    await tunnel.close();
  });

  /** Asks once in a flow. @returns the last message */
  async function askIn(flow: FlowNode[], credentials: Credentials = {}): Promise<Message> {
    await runtime.deploy(flow, "full", credentials);
    runtime.inject("ask", { payload: "Hi" });
    return (await runtime.ends("out"))[0]!;
  }

  const tlsNode = {
    id: "tls",
    type: "tls-config",
    certType: "files",
    cert: "",
    key: "",
    ca: "",
    p12: "",
    servername: "",
    verifyservercert: true,
  };
  const proxyNode = () => ({
    id: "proxy",
    type: "http proxy",
    url: `http://127.0.0.1:${tunnel.port}`,
    noproxy: [],
  });

  it("trusts a private authority that a tls-config node names", async () => {
    const last = await askIn([...askFlow(secure.url, {}, { tls: "tls" }), tlsNode], {
      tls: { cadata: authority.cert },
    });
    assert.equal(last.finishReason, "stop");
  });

  it("trusts nobody else: without that node the stream ends with connection, and nothing was asked", async () => {
    const last = await askIn(askFlow(secure.url), { provider: { apiKey: "sk-secret" } });
    const { code, message, retryable } = last.error as Record<string, unknown>;
    assert.equal(code, "connection");
    assert.equal(retryable, false);
    assert.match(String(message), /certificate|TLS/i);
    assert.equal(secure.requests.length, 0);
  });

  it("refuses to go without a TLS configuration whose files cannot be read", async () => {
    const broken = { ...tlsNode, ca: "/nowhere/ca.pem" };
    const last = await askIn([...askFlow(secure.url, {}, { tls: "tls" }), broken]);
    assert.equal(codeOf(last), "configuration");
  });

  it("goes through an http proxy node, with its user and password, and tells the proxy no key", async () => {
    const last = await askIn(
      [...askFlow(secure.url, {}, { tls: "tls", proxy: "proxy" }), tlsNode, proxyNode()],
      {
        tls: { cadata: authority.cert },
        proxy: { username: "ann", password: "pass" },
        provider: { apiKey: "sk-secret" },
      },
    );
    assert.equal(last.finishReason, "stop");
    assert.equal(tunnel.heads.length, 1);
    const [head] = tunnel.heads;
    assert.match(head!, new RegExp(`^CONNECT 127\\.0\\.0\\.1:${secure.port} `));
    assert.match(
      head!,
      new RegExp(`proxy-authorization: Basic ${Buffer.from("ann:pass").toString("base64")}`, "i"),
    );
    assert.ok(!head!.includes("sk-secret"));
    assert.equal(secure.requests[0]!.headers.authorization, "Bearer sk-secret");
    assert.equal(secure.requests[0]!.headers["proxy-authorization"], undefined);
  });

  it("goes past the proxy to hosts that its node excepts", async () => {
    const last = await askIn(
      [
        ...askFlow(secure.url, {}, { tls: "tls", proxy: "proxy" }),
        tlsNode,
        { ...proxyNode(), noproxy: ["127.0.0.1"] },
      ],
      { tls: { cadata: authority.cert } },
    );
    assert.equal(last.finishReason, "stop");
    assert.equal(tunnel.heads.length, 0);
  });

  it("says that it was the proxy that refused", async () => {
    tunnel.refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    const last = await askIn(
      [...askFlow(secure.url, {}, { tls: "tls", proxy: "proxy" }), tlsNode, proxyNode()],
      {
        tls: { cadata: authority.cert },
      },
    );
    const { code, message } = last.error as Record<string, unknown>;
    assert.equal(code, "connection");
    assert.match(String(message), /proxy.*407/i);
  });
});

/** An HTTP proxy that tunnels, and records what it is asked. */
class Tunnel {
  readonly heads: string[] = [];
  refusal: string | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((socket) => this.serve(socket));
  }

  static async start(): Promise<Tunnel> {
    const tunnel = new Tunnel();
    await new Promise<void>((resolve) => tunnel.server.listen(0, "127.0.0.1", resolve));
    return tunnel;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    this.keep(socket);
    socket.once("data", (data) => {
      const head = data.toString("latin1");
      this.heads.push(head);
      if (this.refusal) {
        socket.end(this.refusal);
        return;
      }
      const [, host, port] = /^CONNECT ([^:]+):(\d+)/.exec(head)!;
      const target = connect(Number(port), host);
      this.keep(target);
      target.on("connect", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(target).pipe(socket);
      });
    });
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.sockets.delete(socket));
  }
}
