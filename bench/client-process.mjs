/** The process of one client: opens the client, measures the scenarios that the runner sends, and ends with the runner. */
import { UnavailableError } from "./packages.mjs";
import { SCENARIOS } from "./scenarios.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

const { client: name, baseUrl } = JSON.parse(process.argv[2]);
let client;

async function measure({ scenario, options }) {
  try {
    if (client === undefined) {
      const { open } = await import(`./clients/${name}.mjs`);
      client = { baseUrl, ...(await open(baseUrl)) };
    }
    return { value: await SCENARIOS[scenario](client, options) };
  } catch (error) {
    if (error instanceof UnavailableError) return { skipped: error.message };
    return { failed: error instanceof Error ? error.stack : String(error) };
  }
}

process.on("message", async (job) => process.send(await measure(job)));
process.on("disconnect", () => process.exit(0));
