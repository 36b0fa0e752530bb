/** One client in a process of its own: opens it, does the scenarios it is sent, and is gone with all its streams. */
import { Unavailable } from "./packages.mjs";
import { burst, first, flat, heap, paced, saved, toolArguments } from "./scenarios.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

const scenarios = { burst, first, flat, heap, paced, saved, toolArguments };
const { client: name, baseUrl } = JSON.parse(process.argv[2]);
let client;

async function measure({ scenario, options }) {
  try {
    if (client === undefined) {
      const { open } = await import(`./clients/${name}.mjs`);
      client = { baseUrl, ...(await open(baseUrl)) };
    }
    return { value: await scenarios[scenario](client, options) };
  } catch (error) {
    if (error instanceof Unavailable) return { skipped: error.message };
    return { failed: error instanceof Error ? error.stack : String(error) };
  }
}

process.on("message", async (job) => process.send(await measure(job)));
process.on("disconnect", () => process.exit(0));
