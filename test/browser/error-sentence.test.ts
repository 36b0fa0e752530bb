import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { saveScreenshot } from "../support/runtime/browser.js";
import { type NodeRedProcess, VERSIONS, type Version } from "../support/runtime/node-red-process.js";
import { deployFlows } from "../support/runtime/started-flows.js";
import { Editor } from "./editor.js";
import { createChatFlow } from "./flows.js";
import { PACKAGE, world } from "./world.js";

for (const version of Object.keys(VERSIONS) as Version[])
  describe(`Error of a stream in the editor of ${VERSIONS[version].label}`, () => {
    let red: NodeRedProcess;
    let service: Server;

    before(async () => {
      service = createServer((_request, response) => {
        response.writeHead(401, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: { message: "This key is unknown." } }));
      }).listen(0, "127.0.0.1");
      red = await world.startNodeRedWith([PACKAGE], version);
    });
    after(async () => {
      service.closeAllConnections();
      service.close();
      await red.stop();
    });

    it("stands in the debug sidebar as the whole sentence, without unfolding anything", async () => {
      const { port } = service.address() as AddressInfo;
      await deployFlows(
        red.url,
        createChatFlow({ provider: "custom", baseUrl: `http://127.0.0.1:${port}/v1` }),
      );
      const editor = new Editor(await world.browser.newPage(), red.url);
      await editor.open();
      await editor.invokeAction("core:show-debug-tab");
      const [inject] = await editor.getIds("inject");
      await editor.pressInject(inject!);
      const [stream] = await editor.getIds("chat-stream");
      await editor.page
        .locator(".red-ui-debug-msg.red-ui-debug-msg-level-20 .red-ui-debug-msg-payload")
        .filter({
          hasText: /^"?Wrong API key \(401\): This key is unknown\. — Check the API key in the provider\."?$/,
        })
        .waitFor();
      await editor.locateStatus(stream!).filter({ hasText: "authentication" }).waitFor();
      await saveScreenshot(editor.page, `error-sentence-${version}`, "build/screenshots");
    });
  });
