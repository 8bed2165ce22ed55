import assert from "node:assert/strict";
import { test } from "node:test";

import { stepTo } from "../../../../bot/sandbox/page/stepping.js";

test("in a list the arrows go by one and stop at the ends, Home and End go there", () => {
  const from = (at) => ["ArrowDown", "ArrowUp", "Home", "End"].map((key) => stepTo(key, at, 5));
  assert.deepEqual(from(0), [1, 0, 0, 4]);
  assert.deepEqual(from(4), [4, 3, 0, 4]);
  assert.equal(stepTo("ArrowRight", 2, 5), null, "left and right are the text's");
  assert.equal(stepTo("a", 2, 5), null);
});

test("in a grid up and down go by a row", () => {
  const keys = ["ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft"];
  assert.deepEqual(keys.map((key) => stepTo(key, 9, 20, true)), [17, 1, 10, 8]);
});
