import assert from "node:assert/strict";
import { guessMediaType, normaliseMediaType } from "../../src/core/media-types.js";

describe("Media type", () => {
  it("is brought into the form that services know", () => {
    for (const [written, type] of [
      ["image/jpg", "image/jpeg"],
      ["IMAGE/JPG", "image/jpeg"],
      ["image/pjpeg", "image/jpeg"],
      ["image/x-png", "image/png"],
      ["image/jpe", "image/jpeg"],
      ["image/x-jpeg", "image/jpeg"],
      ["video/x-webm", "video/webm"],
      ["application/x-tar", "application/x-tar"],
      ["jpg", "image/jpeg"],
      [".png", "image/png"],
      ["audio/mp3", "audio/mpeg"],
      ["audio/x-wav", "audio/wav"],
      ["audio/x-m4a", "audio/mp4"],
      ["video/mov", "video/quicktime"],
      ["application/x-pdf", "application/pdf"],
      ["text/md", "text/markdown"],
      ["image/webp", "image/webp"],
      ["application/vnd.own+json", "application/vnd.own+json"],
    ] as const) {
      assert.equal(normaliseMediaType(written, "AAAA"), type, written);
    }
  });

  it("is read from the bytes if it says nothing", () => {
    for (const written of ["", "image/*", "image", "application/octet-stream"]) {
      assert.equal(normaliseMediaType(written, "/9j/4AAQ"), "image/jpeg", written);
      assert.equal(normaliseMediaType(written, "iVBORw0KGgoAAAA"), "image/png", written);
      assert.equal(normaliseMediaType(written, "????"), written);
    }
  });

  it("is guessed from a file name or an address", () => {
    assert.equal(guessMediaType("https://a.example/cat.JPG?size=1"), "image/jpeg");
    assert.equal(guessMediaType("scan.jfif"), "image/jpeg");
    assert.equal(guessMediaType("cat"), undefined);
  });
});
