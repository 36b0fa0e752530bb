/** Reads the figures of a scenario turn by turn, and compares clients within each turn. */
import { computeMedian } from "../statistics.mjs";

/** @returns the clients that have figures */
export function listMeasuredClients(scenario) {
  const clients = Object.entries(scenario?.clients ?? {});
  return clients.filter(([, { turns }]) => turns.length > 0).map(([client]) => client);
}

/** @returns the values of a field in a client's turns */
export function collectValues(scenario, client, field) {
  return collectTurns(scenario, client).flatMap((turn) =>
    typeof turn?.[field] === "number" ? [turn[field]] : [],
  );
}

/** @returns the median of a field over a client's turns; `undefined` if it was not measured */
export function findMedian(scenario, client, field) {
  return computeMedian(collectValues(scenario, client, field));
}

/** @returns a client's field divided by that of the client `base`, turn by turn */
export function computeRatios(scenario, client, base, field) {
  return compareTurns(scenario, client, base, (turn, baseTurn) => turn[field] / baseTurn[field]);
}

/** @returns a client's field divided by another field of it, turn by turn */
export function computeFieldRatios(scenario, client, field, baseField) {
  return collectTurns(scenario, client).flatMap((turn) => {
    const ratio = turn ? turn[field] / turn[baseField] : Number.NaN;
    return Number.isFinite(ratio) ? [ratio] : [];
  });
}

/** @returns the median of the ratios; `undefined` if there are none */
export function findMedianRatio(scenario, client, base, field) {
  return computeMedian(computeRatios(scenario, client, base, field));
}

/** @returns a client's field less that of the client `base`, turn by turn */
export function computeDifferences(scenario, client, base, field) {
  return compareTurns(scenario, client, base, (turn, baseTurn) => turn[field] - baseTurn[field]);
}

/** @returns the cost per chunk or fragment of a long answer divided by that of a short one, turn by turn */
export function computeGrowths(scenario, client) {
  return collectTurns(scenario, client).flatMap((turn) =>
    turn?.long === undefined ? [] : [turn.long / turn.short],
  );
}

function collectTurns(scenario, client) {
  return scenario?.clients[client]?.turns ?? [];
}

/** Compares the turns that both clients have. */
function compareTurns(scenario, client, base, compare) {
  const baseTurns = collectTurns(scenario, base);
  return collectTurns(scenario, client).flatMap((turn, index) => {
    const figure = turn && baseTurns[index] ? compare(turn, baseTurns[index]) : Number.NaN;
    return Number.isFinite(figure) ? [figure] : [];
  });
}
