/**
 * The node that someone would write in an afternoon: the plain loop, and one small message per delta. It keeps the
 * incoming `_msgid`, because a new one would cost Node-RED 0.9 µs per message.
 */
module.exports = (RED) => {
  function TrivialNode(config) {
    RED.nodes.createNode(this, config);
    const loop = import("../clients/plain-loop.mjs");
    this.on("input", async (msg, send, done) => {
      try {
        const { runPlainLoop } = await loop;
        const { _msgid } = msg;
        await runPlainLoop(config.baseUrl, msg.model, (payload) => send({ payload, _msgid }));
        send({ payload: "", _msgid, complete: true });
        done();
      } catch (error) {
        send({
          payload: "",
          _msgid: msg._msgid,
          complete: true,
          error: { code: "failed", message: String(error) },
        });
        done(error);
      }
    });
  }
  RED.nodes.registerType("bench-trivial", TrivialNode);
};
