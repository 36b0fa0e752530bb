// A service in a thread of its own that sends small chunks at a fixed rate: `workerData.perSecond` chunks per second for
// `workerData.seconds` seconds, in one write every 5 ms.
import { createServer } from "node:http";
import { parentPort, workerData } from "node:worker_threads";

const WRITE_INTERVAL_MS = 5;
const { perSecond, seconds } = workerData;

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "content-type": "text/event-stream" });
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - start) / 1000) * perSecond));
    let text = "";
    for (; sent < due; sent++) {
      text += `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"${sent % 10}"},"finish_reason":null}]}\n\n`;
    }
    response.write(text);
    if (sent < perSecond * seconds) return;
    clearInterval(timer);
    response.end('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
  }, WRITE_INTERVAL_MS);
  response.on("close", () => clearInterval(timer));
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
