import assert from "node:assert/strict";
import { test } from "node:test";

import { indexAfterKey } from "../../../../bot/sandbox/page/stepping.js";

test("in a list the arrows move by one and stop at the ends, where Home and End jump", () => {
  const from = (at) => ["ArrowDown", "ArrowUp", "Home", "End"].map((key) => indexAfterKey(key, at, 5));
  assert.deepEqual(from(0), [1, 0, 0, 4]);
  assert.deepEqual(from(4), [4, 3, 0, 4]);
  assert.equal(indexAfterKey("ArrowRight", 2, 5), null, "left and right belong to the text");
  assert.equal(indexAfterKey("a", 2, 5), null);
});

test("in a grid, up and down move by a row", () => {
  const keys = ["ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft"];
  assert.deepEqual(keys.map((key) => indexAfterKey(key, 9, 20, true)), [17, 1, 10, 8]);
});
