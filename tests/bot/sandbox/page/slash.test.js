import assert from "node:assert/strict";
import { test } from "node:test";

import {
  flattenCommands,
  KIND,
  limitsText,
  matchingCommands,
  parse,
  readValue,
  readAll,
} from "../../../../bot/sandbox/page/slash.js";
import { COMMANDS, KNOWN } from "./commands.js";

const FLAT = flattenCommands(COMMANDS);
const values = (text) => readAll(parse(text, FLAT), KNOWN);
const option = (name) => FLAT[0].options.find((one) => one.name === name);

test("a subcommand is its own command, and menu commands cannot be typed", () => {
  assert.deepEqual(
    FLAT.map((one) => one.full),
    ["waifu", "queue", "policy panel", "policy purge", "policy list add", "policy-report", "grown"],
  );
  const { name, group, subcommand } = FLAT[4];
  assert.deepEqual([name, group, subcommand], ["policy", "list", "add"]);
  assert.deepEqual(FLAT.filter((one) => one.adultsOnly).map((one) => one.full), ["grown"]);
});

test("a command is recognised only by its whole name", () => {
  for (const text of ["waifu", "/", "/waif", "/waifus x", "/policy", "/policy pan", " /queue", "/x"])
    assert.equal(parse(text, FLAT), null, text);
  for (const [text, full] of [
    ["/queue", "queue"],
    ["/WAIFU prompt: a", "waifu"],
    ["/policy   list  add", "policy list add"],
    ["/policy-report", "policy-report"],
    ["/waifu\nprompt: a", "waifu"],
  ])
    assert.equal(parse(text, FLAT)?.command.full, full, text);
});

test("a value runs until the next option of the command", () => {
  assert.deepEqual(values("/waifu prompt: 1girl, smile: yes count: 2").values, {
    count: 2,
    prompt: "1girl, smile: yes",
  });
});

test("a marker counts once, as it is written", () => {
  const pasted = "/waifu prompt: a Count: 9, prompt: b";
  assert.equal(values(pasted).values.prompt, "a Count: 9, prompt: b");
});

test("text without a marker belongs to the first required text option", () => {
  assert.deepEqual(values("/waifu 1girl, smile count: 3").values, {
    prompt: "1girl, smile",
    count: 3,
  });
  assert.match(values("/queue now").error, /“now” belongs to no option/);
  assert.match(values("/waifu a prompt: b").error, /“a” belongs to no option/);
});

test("a required option must be there, an optional one may be empty", () => {
  const { error, option: missing } = values("/waifu count: 2");
  assert.equal(error, "prompt is required");
  assert.equal(missing.name, "prompt");
  assert.deepEqual(values("/waifu prompt: a count:").values, { prompt: "a" });
});

test("each kind of value is read, and a refusal says what it takes", () => {
  const cases = [
    ["prompt", "x".repeat(41), undefined, /at most 40 characters, not 41/],
    ["prompt", "🐱".repeat(40), "🐱".repeat(40)],
    ["count", "4", 4],
    ["count", "5", undefined, /at most 4/],
    ["count", "0", undefined, /at least 1/],
    ["count", "2.5", undefined, /whole number/],
    ["count", "99999999999999999999", undefined, /too large/],
    ["cfg", "7.5", 7.5],
    ["cfg", "1e1", 10],
    ["cfg", "1e999", undefined, /is a number/],
    ["style", "watercolour", "water"],
    ["style", "sharp", "sharp"],
    ["style", "oil", undefined, /one of Sharp lines, Watercolour/],
    ["private", "Yes", true],
    ["private", "off", false],
    ["private", "maybe", undefined, /True or False/],
    ["like", "a.png", undefined, /is a file/],
  ];
  for (const [name, raw, value, wrong] of cases) {
    const reading = readValue(option(name), raw, KNOWN);
    assert.equal(reading.value, value, `${name}: ${raw}`);
    if (wrong) assert.match(reading.error, wrong);
  }
});

test("people, channels and roles are found by name, mention or id", () => {
  for (const [type, raws, id] of [
    [KIND.USER, ["Rin", "@rin", "<@1>", "<@!1>", "1"], "1"],
    [KIND.CHANNEL, ["art", "#art", "<#2>"], "2"],
    [KIND.ROLE, ["Member", "@member", "<@&3>"], "3"],
  ])
    for (const raw of raws) assert.equal(readValue({ name: "x", type }, raw, KNOWN).value, id, raw);
  assert.match(readValue({ name: "x", type: KIND.USER }, "@nobody", KNOWN).error, /nobody here/);
});

test("commands that begin with the typed text come first", () => {
  const names = (typed) => matchingCommands(FLAT, typed).map((one) => one.full);
  assert.deepEqual(names("/pol"), ["policy panel", "policy purge", "policy list add", "policy-report"]);
  assert.deepEqual(names("/report"), ["policy-report"]);
  assert.deepEqual(names("/waiting"), ["queue"], "by its description");
  assert.deepEqual(names("/zzz"), []);
});

test("an option says what it takes", () => {
  assert.equal(limitsText(option("count")), "1 to 4 · optional");
  assert.equal(limitsText(option("prompt")), "up to 40 characters");
});
