// Reads and changes CHANGELOG.md, which has the form of https://keepachangelog.com: one part a version, the newest
// first, and above them all a part "Unreleased".

const UNRELEASED = "## Unreleased";

/** @returns what stands under "Unreleased"; "" if nothing does or the part is missing */
export function readUnreleased(changelog) {
  return splitChangelog(changelog).unreleased;
}

/**
 * Moves what stands under "Unreleased" under a new version and leaves "Unreleased" empty.
 * @param date the day of the release, YYYY-MM-DD
 * @throws Error if nothing stands under "Unreleased"
 */
export function moveUnreleased(changelog, version, date) {
  const { before, unreleased, after } = splitChangelog(changelog);
  if (unreleased === "") throw new Error(`CHANGELOG.md has nothing under “${UNRELEASED}”.`);
  const parts = [before, UNRELEASED, `## ${version} - ${date}`, unreleased, after];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function splitChangelog(changelog) {
  const lines = changelog.split(/\r?\n/);
  const start = lines.findIndex((line) => line.trim() === UNRELEASED);
  const end = lines.findIndex((line, index) => index > start && line.startsWith("## "));
  const join = (from, to) => lines.slice(from, to).join("\n").trim();
  if (start < 0) return { before: join(0), unreleased: "", after: "" };
  return {
    before: join(0, start),
    unreleased: join(start + 1, end < 0 ? undefined : end),
    after: end < 0 ? "" : join(end),
  };
}
