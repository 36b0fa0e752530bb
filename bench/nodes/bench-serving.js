// The two ways to serve a stream that the bench compares: both get the same messages.
module.exports = (RED) => {
  // Answers each request with `chunks` messages of a stream, one every `everyMs` milliseconds.
  RED.nodes.registerType("bench-source", function Source(config) {
    RED.nodes.createNode(this, config);
    const timers = new Set();
    this.on("close", () => timers.forEach(clearInterval));
    this.on("input", (msg, send, done) => {
      const { chunks, everyMs } = config;
      const id = RED.util.generateId();
      let index = 0;
      const timer = setInterval(() => {
        const isLast = index === chunks - 1;
        const parts = { id, index, type: "string", ch: "", ...(isLast ? { count: chunks } : {}) };
        const end = isLast ? { complete: true, finishReason: "stop", usage: null } : {};
        send({ ...msg, payload: isLast ? "" : "a few words ", parts, ...end });
        index++;
        if (!isLast) return;
        clearInterval(timer);
        timers.delete(timer);
      }, everyMs);
      timers.add(timer);
      done();
    });
  });
  // What an author writes by hand: the least that clients of Chat Completions need.
  RED.nodes.registerType("bench-writer", function Writer(config) {
    RED.nodes.createNode(this, config);
    this.on("input", (msg, _send, done) => {
      const response = msg.res._res;
      if (msg.parts.index === 0) response.writeHead(200, { "Content-Type": "text/event-stream" });
      const { id } = msg.parts;
      const choices = [{ index: 0, delta: { content: msg.payload }, finish_reason: null }];
      const record = { id, object: "chat.completion.chunk", created: 0, model: "house", choices };
      response.write(`data: ${JSON.stringify(record)}\n\n`);
      if (msg.complete) response.end("data: [DONE]\n\n");
      done();
    });
  });
};
