// A service in a thread of its own that sends small chunks as fast as it is told to: `workerData.perSecond` chunks a
// second, `workerData.seconds` long, in a write every 5 ms.
import { createServer } from "node:http";
import { parentPort, workerData } from "node:worker_threads";

const EVERY = 5;
const { perSecond, seconds } = workerData;

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "content-type": "text/event-stream" });
  const begun = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - begun) / 1000) * perSecond));
    let text = "";
    for (; sent < due; sent++) {
      text += `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"${sent % 10}"},"finish_reason":null}]}\n\n`;
    }
    response.write(text);
    if (sent < perSecond * seconds) return;
    clearInterval(timer);
    response.end('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
  }, EVERY);
  response.on("close", () => clearInterval(timer));
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
