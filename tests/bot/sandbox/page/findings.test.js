import assert from "node:assert/strict";
import { test } from "node:test";

import { findingsKey, findingsText } from "../../../../bot/sandbox/page/findings.js";

const YES_NO = [false, true];
const ALL = [0, 1, 2].flatMap((count) =>
  YES_NO.flatMap((hasDescription) =>
    YES_NO.map((reachable) => ({ count, hasDescription, reachable })),
  ),
);

test("findings that read differently are drawn again", () => {
  const texts = new Map();
  for (const findings of ALL) {
    const key = findingsKey(findings);
    const text = findingsText(findings);
    assert.equal(texts.get(key) ?? text, text, key);
    texts.set(key, text);
  }
});

test("what was not checked is not called clean, nor is what is not known", () => {
  const clean = { count: 0, hasDescription: true, reachable: true };
  assert.match(findingsText(clean), /^Every request so far fits/);
  assert.match(findingsText({ ...clean, hasDescription: false }), /^Not checked/);
  assert.match(findingsText({ ...clean, reachable: false }), /^Not known/);
});

test("one finding is a request, two are requests", () => {
  const findings = { hasDescription: true, reachable: true };
  assert.match(findingsText({ ...findings, count: 1 }), /^1 request breaks/);
  assert.match(findingsText({ ...findings, count: 2 }), /^2 requests break/);
});
