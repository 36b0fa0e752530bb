// Version numbers of releases. They have the form x.y.z, without pre-releases, which npm would install as "latest".

const FORM = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;

/**
 * Finds the version of the next release.
 * @param current the version of the last release, x.y.z
 * @param wanted "patch", "minor" or "major", or a version higher than `current`
 * @throws Error if `wanted` is none of these
 */
export function nextVersion(current, wanted) {
  const [major, minor, patch] = parseVersion(current);
  if (wanted === "major") return `${major + 1}.0.0`;
  if (wanted === "minor") return `${major}.${minor + 1}.0`;
  if (wanted === "patch") return `${major}.${minor}.${patch + 1}`;
  if (!isHigher(parseVersion(wanted), [major, minor, patch])) {
    throw new Error(`The version ${wanted} is not higher than ${current}, the version in package.json.`);
  }
  return wanted;
}

function parseVersion(version) {
  const match = FORM.exec(version);
  if (!match) throw new Error(`“${version}” is not a version of the form x.y.z.`);
  return match.slice(1).map(Number);
}

function isHigher(version, other) {
  const at = version.findIndex((number, index) => number !== other[index]);
  return at >= 0 && version[at] > other[at];
}
