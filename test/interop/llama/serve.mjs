// Serves a model by llama.cpp in the form of OpenAI, on loopback: `node serve.mjs MODEL SCHEMA`. Every answer in JSON fits
// the schema. Prints the port once it answers.
import { createExpressServer, InferenceServer } from "inference-server";

const [, , file, schema] = process.argv;

const server = new InferenceServer({
  log: "error",
  models: {
    tiny: {
      task: "text-completion",
      engine: "node-llama-cpp",
      location: file,
      prepare: "blocking",
      minInstances: 1,
      contextSize: 512,
      // With more threads than idle cores, llama.cpp takes a hundred times as long.
      device: { gpu: false, cpuThreads: 1 },
      grammars: { json: JSON.parse(schema) },
    },
  },
});
await server.start();
const http = createExpressServer(server);
http.listen(0, "127.0.0.1", () => console.log(`port ${http.address().port}`));
