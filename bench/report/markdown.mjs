/** Turns the figures of a run into the report that people read, in Markdown. */
import {
  formatArgumentsTable,
  formatChainTable,
  formatWaitingLine,
  formatWatchedLine,
} from "./chain-tables.mjs";
import {
  formatBurstTable,
  formatFormsTable,
  formatGrowthTable,
  formatHeapTable,
  formatPacedTable,
} from "./tables.mjs";
import { checkTargets, formatTargets } from "./targets.mjs";

/** Formats the tables of a run and its targets. */
export function formatReport(run) {
  const { scenarios } = run;
  const sections = [
    `Measured ${run.date}${run.quick ? " (quick: too few turns to quote)" : ""}, Node ${run.node}, ${run.machine}, ` +
      `loopback, ${run.seconds} s. Medians of interleaved turns; a ratio is taken within each turn. ` +
      "Read less than 1.2× as equal.",
    formatBusyWarning(run),
    formatBurstTable(scenarios.burst),
    formatFormsTable(scenarios.forms),
    formatPacedTable(scenarios.paced),
    formatHeapTable(scenarios.heap),
    formatGrowthTable(scenarios.flat),
    formatChainTable(scenarios.chain, scenarios.saved),
    formatWatchedLine(scenarios.watched),
    formatWaitingLine(scenarios.waiting),
    formatArgumentsTable(scenarios.arguments),
  ];
  const targets = checkTargets(scenarios);
  if (targets.length > 0) sections.push(formatTargets(targets));
  const unmeasured = listUnmeasured(scenarios);
  if (unmeasured.length > 0) sections.push(`Not measured:\n\n${unmeasured.join("\n")}`);
  return { markdown: `${sections.filter(Boolean).join("\n\n")}\n`, targets };
}

/** Formats a warning if others used the machine. Such figures say little, above all those at 500 streams. */
function formatBusyWarning({ load, scenarios }) {
  const clients = Object.values(scenarios.paced?.clients ?? {});
  const disturbed = clients.reduce((sum, client) => sum + (client.disturbed ?? 0), 0);
  if (load < 1 && disturbed === 0) return "";
  const uncounted =
    disturbed > 0
      ? ` Turns at 500 streams that do not count because the server could not keep the pace: ${disturbed}.`
      : "";
  return (
    `**The machine was not idle**: its load was ${load.toFixed(1)} before the run.${uncounted} ` +
    "Repeat the run on an idle machine before you quote it."
  );
}

/** Lists the clients that a scenario did not measure, with the reason. */
function listUnmeasured(scenarios) {
  return Object.entries(scenarios).flatMap(([name, { clients }]) =>
    Object.entries(clients).flatMap(([client, { turns, skipped, failed, disturbed }]) => {
      const isTooBusy = turns.length === 0 && disturbed > 0;
      const reason =
        skipped ?? failed?.split("\n")[0] ?? (isTooBusy ? "the machine was too busy" : undefined);
      return reason ? [`- ${name}, ${client}: ${reason}`] : [];
    }),
  );
}
