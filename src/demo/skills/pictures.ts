import { readPicture } from "../picture.js";
import type { Skill } from "../question.js";

const MAX_DESCRIBED = 5;

/** Says what the bytes of a picture tell: its kind and its size. */
export const pictures: Skill = {
  thought: "There is a picture. I read what its first bytes say about it.",
  answer({ pictures }) {
    const seen = pictures.slice(0, MAX_DESCRIBED).flatMap((url) => {
      const picture = readPicture(url);
      return picture ? [`a ${picture.kind} picture of ${picture.width} × ${picture.height} pixels`] : [];
    });
    if (seen.length === 0) return undefined;
    return `I see ${seen.join(" and ")}. A demo model cannot tell what is on it; a real one would describe it now.`;
  },
};
