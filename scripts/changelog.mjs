// Reads and changes CHANGELOG.md, which has the form of https://keepachangelog.com: a section per version, the newest
// first, and a section "Unreleased" above them.

const UNRELEASED = "## Unreleased";

/** @returns the text under "Unreleased"; "" if there is none or the section is missing */
export function readUnreleased(changelog) {
  return splitChangelog(changelog).unreleased;
}

/**
 * Moves the text under "Unreleased" to a new version and leaves "Unreleased" empty.
 * @param date the day of the release, YYYY-MM-DD
 * @throws Error if there is no text under "Unreleased"
 */
export function moveUnreleased(changelog, version, date) {
  const { before, unreleased, after } = splitChangelog(changelog);
  if (unreleased === "")
    throw new Error(`CHANGELOG.md has nothing under “${UNRELEASED}”. Write there what changes for users.`);
  const sections = [before, UNRELEASED, `## ${version} - ${date}`, unreleased, after];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
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
