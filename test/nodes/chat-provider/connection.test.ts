import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import type { Credentials, FlowNode } from "../../support/runtime/node-red-api.js";
import { TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { createCertificate } from "../../support/services/certificates.js";
import { ScriptedService } from "../../support/services/scripted-service.js";
import { Tunnel } from "../../support/services/tunnel.js";

function errorCode(message: Message): string | undefined {
  return (message.error as { code: string } | undefined)?.code;
}

describe("The connection of a chat-provider", () => {
  const authority = createCertificate({ name: "Test CA", authority: true });
  const leaf = createCertificate({ name: "127.0.0.1", hosts: ["127.0.0.1"], issuer: authority });
  let secure: ScriptedService;
  let tunnel: Tunnel;
  let runtime: TestRuntime;
  before(async () => {
    runtime = await TestRuntime.start();
    secure = await ScriptedService.start({ tls: leaf });
    tunnel = await Tunnel.start();
  });
  beforeEach(() => {
    secure.reset();
    runtime.clearRecords();
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
    return (await runtime.waitForEnds("out"))[0]!;
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

  it("trusts the private certificate authority of a tls-config node", async () => {
    const last = await askIn([...createAskFlow(secure.url, {}, { tls: "tls" }), tlsNode], {
      tls: { cadata: authority.cert },
    });
    assert.equal(last.finishReason, "stop");
  });

  it("ends with connection and sends no request if the certificate is not trusted", async () => {
    const last = await askIn(createAskFlow(secure.url), { provider: { apiKey: "sk-secret" } });
    const { code, message, retryable } = last.error as Record<string, unknown>;
    assert.equal(code, "connection");
    assert.equal(retryable, false);
    assert.match(String(message), /certificate|TLS/i);
    assert.equal(secure.requests.length, 0);
  });

  it("fails with configuration if the files of the tls-config node cannot be read", async () => {
    const broken = { ...tlsNode, ca: "/nowhere/ca.pem" };
    const last = await askIn([...createAskFlow(secure.url, {}, { tls: "tls" }), broken]);
    assert.equal(errorCode(last), "configuration");
  });

  it("connects through an http proxy node with its user and password, and hides the API key from the proxy", async () => {
    const last = await askIn(
      [...createAskFlow(secure.url, {}, { tls: "tls", proxy: "proxy" }), tlsNode, proxyNode()],
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

  it("connects directly to hosts that the proxy node excepts", async () => {
    const last = await askIn(
      [
        ...createAskFlow(secure.url, {}, { tls: "tls", proxy: "proxy" }),
        tlsNode,
        { ...proxyNode(), noproxy: ["127.0.0.1"] },
      ],
      { tls: { cadata: authority.cert } },
    );
    assert.equal(last.finishReason, "stop");
    assert.equal(tunnel.heads.length, 0);
  });

  it("says that the proxy refused the connection", async () => {
    tunnel.refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    const last = await askIn(
      [...createAskFlow(secure.url, {}, { tls: "tls", proxy: "proxy" }), tlsNode, proxyNode()],
      {
        tls: { cadata: authority.cert },
      },
    );
    const { code, message } = last.error as Record<string, unknown>;
    assert.equal(code, "connection");
    assert.match(String(message), /proxy.*407/i);
  });
});
