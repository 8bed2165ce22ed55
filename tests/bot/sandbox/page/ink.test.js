import assert from "node:assert/strict";
import { test } from "node:test";

import { contrast, textColorOn, luminance } from "../../../../bot/sandbox/page/ink.js";

test("letters are readable on any colour a member may have", () => {
  for (let step = 0; step < 4096; step += 7) {
    const color = `#${[step >> 8, (step >> 4) & 15, step & 15].map((part) => part.toString(16).repeat(2)).join("")}`;
    assert.ok(contrast(luminance(textColorOn(color)), luminance(color)) >= 4.5, color);
  }
});

test("the two ends are 21 to 1 apart", () => {
  assert.equal(contrast(luminance("#ffffff"), luminance("#000000")), 21);
});
