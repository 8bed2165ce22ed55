// The message box. Its text is the only state: a command is typed or inserted into it, and an echo
// behind the letters colours what was parsed. entering.js decides what Enter does.
/** @import { Deed } from "./entering.js" */
/** @import { Taken } from "./picker.js" */
/** @import { Argument, Callable, Emoji, Named, Option, Parsed } from "./types.js" */
import { api, newNonce } from "./api.js";
import { startAttaching, takeFile } from "./attaching.js";
import { argAt, available, forgetPicks, keepPick, known, otherValues, understood } from "./draft.js";
import { all, byId, fill, h, iconButton } from "./dom.js";
import { entered, LONGEST_MESSAGE, sent } from "./entering.js";
import { guide, paint } from "./guide.js";
import { icon } from "./icons.js";
import { expect, forget } from "./interactions.js";
import { palette } from "./reactions.js";
import { KIND } from "./slash.js";
import { channel, on, store, typers } from "./store.js";
import { Suggestions, valueNode } from "./suggest.js";
import { said } from "./toast.js";

const COUNT_FROM = 1800;
const WALKING = ["Escape", "Enter", "Tab", "ArrowUp", "ArrowDown"];
const narrow = matchMedia("(max-width: 760px)");

const box = h("textarea", {
  id: "composer",
  rows: 1,
  spellcheck: "false",
  autocomplete: "off",
  role: "combobox",
  "aria-expanded": "false",
  "aria-controls": "suggest",
  "aria-autocomplete": "list",
  "aria-label": "Message",
  maxlength: 30_000,
  enterkeyhint: "send",
});
const echo = h("div", { class: "echo", "aria-hidden": "true" });
const helper = h("div", { class: "helper", hidden: true });
const problem = h("div", { class: "problem", role: "alert", hidden: true });
const under = h("div", { class: "under" });
const panel = h("div", { class: "suggest", hidden: true });
const suggestions = new Suggestions(panel, box);
const sendButton = h(
  "button",
  {
    id: "send",
    type: "submit",
    class: "icon-button",
    "aria-label": "Send",
    title: "Send",
    disabled: true,
  },
  icon("send"),
);
let sentBefore = "";

/** Build the message box inside the form. */
export function startComposer() {
  const form = byId("write");
  const line = h(
    "div",
    { class: "line" },
    iconButton(icon("slash"), "Commands", () => write("/"), { id: "commands" }),
    h("div", { class: "typed" }, echo, box),
    iconButton(icon("smile"), "Emoji", (event) => palette(event.currentTarget, insertEmoji)),
    sendButton,
  );
  fill(form, panel, h("div", { class: "box" }, helper, problem, line), under);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    carryOut(sent(box.value.trim()));
  });
  startAttaching(form, { text: () => box.value, put: putFile, complain });
  listen();
  changed();
}

function listen() {
  box.addEventListener("input", changed);
  box.addEventListener("keydown", keydown);
  box.addEventListener("blur", () =>
    setTimeout(() => document.activeElement !== box && suggestions.close(), 80),
  );
  box.addEventListener("click", suggest);
  box.addEventListener("keyup", (event) => {
    if (!WALKING.includes(event.key)) suggest();
  });
  on("commands", changed);
  on("typing", showUnder);
}

/**
 * Put a text into the box and the cursor after it.
 * @param {string} text
 */
export function write(text) {
  box.value = text;
  box.focus();
  box.setSelectionRange(text.length, text.length);
  changed();
}

/** The placeholder and the suggestions depend on the open channel. */
export function composerMoved() {
  box.placeholder = `Message #${channel()?.name ?? ""}`;
  box.setAttribute("aria-label", box.placeholder);
  changed();
  if (!narrow.matches) box.focus({ preventScroll: true });
}

function changed() {
  complain(null);
  const parsed = understood(box.value);
  paint(echo, box.value, parsed, null);
  help(parsed);
  sendButton.disabled = !box.value.trim();
  showUnder();
  suggest();
}

/** @param {Parsed | null} parsed */
function help(parsed) {
  const back = () => box.focus();
  guide(helper, box.value, parsed, argAt(parsed, box.selectionStart), { add: addOption, back });
}

/** @param {Option} option */
function addOption(option) {
  write(`${box.value.trimEnd()} ${option.name}: `);
  if (option.type === KIND.ATTACHMENT) takeFile(option);
}

/**
 * The text after the option is the file's name; its id is what is sent.
 * @param {Option} option
 * @param {Taken} file
 */
function putFile(option, { id, name }) {
  keepPick(option, name, id);
  const arg = understood(box.value)?.args.find((one) => one.option === option);
  if (arg) replace(0, arg.end, `${box.value.slice(0, arg.valueStart).trimEnd()} ${name} `);
  else write(`${box.value.trimEnd()} ${option.name}: ${name} `);
}

function suggest() {
  const text = box.value;
  const caret = box.selectionStart;
  if (document.activeElement !== box) return;
  if (!text.startsWith("/")) suggestPeople(text.slice(0, caret));
  else {
    const parsed = understood(box.value);
    if (!parsed || caret <= parsed.nameEnd)
      suggestions.commands(text.slice(0, caret), available(), chooseCommand);
    else suggestValue(parsed);
  }
}

/** @param {Parsed} parsed */
function suggestValue(parsed) {
  const arg = argAt(parsed, box.selectionStart);
  help(parsed);
  if (!arg || arg.bare || (arg.picked && arg.option.autocomplete)) return suggestions.close();
  if (arg.option.type === KIND.ATTACHMENT) return suggestFile(arg);
  /**
   * @param {string} text
   * @param {unknown} value
   */
  const choose = (text, value) => {
    keepPick(arg.option, text, value);
    replace(0, arg.end, `${box.value.slice(0, arg.valueStart).trimEnd()} ${text} `);
    help(understood(box.value));
  };
  return suggestions.values(arg, parsed.command, otherValues(parsed, arg), known(), choose);
}

/** @param {Argument} arg */
function suggestFile({ option, picked }) {
  const row = { node: valueNode({ name: "Choose a file…" }), take: () => takeFile(option) };
  return picked ? suggestions.close() : suggestions.show(option.description, [row], 0);
}

/**
 * Replace a part with a text, and put the cursor after it.
 * @param {number} start
 * @param {number} end
 * @param {string} text
 */
function replace(start, end, text) {
  const before = box.value.slice(0, start) + text;
  write(before + box.value.slice(end).trimStart());
  box.setSelectionRange(before.length, before.length);
  suggestions.close();
}

/** @param {string} before */
function suggestPeople(before) {
  const found = /(^|\s)@([^\s@]{0,30})$/.exec(before);
  if (!found) return suggestions.close();
  const typed = found[2].toLowerCase();
  const start = before.length - typed.length - 1;
  const people = known().people.filter((one) => one.name.toLowerCase().startsWith(typed));
  /** @param {Named} user */
  const row = (user) => ({
    node: valueNode({ name: user.name, user }),
    take: () => replace(start, before.length, `@${user.name} `),
  });
  return suggestions.show("Members", people.map(row), 0);
}

/** @param {Callable} command */
function chooseCommand(command) {
  forgetPicks();
  const needed = command.options.find((option) => option.required);
  write(`/${command.full} ${needed ? `${needed.name}: ` : ""}`);
}

/** @param {KeyboardEvent} event */
function keydown(event) {
  if (event.isComposing || (event.shiftKey && event.key !== "Escape")) return;
  if (KEYS[event.key]?.()) event.preventDefault();
}

/**
 * Handle a key; true if it did something of ours.
 * @type {Record<string, () => unknown>}
 */
const KEYS = {
  ArrowDown: () => suggestions.open && suggestions.move(1),
  ArrowUp: () => (suggestions.open ? suggestions.move(-1) : !box.value && recall()),
  Escape: () => suggestions.open && suggestions.close(),
  Tab: () => (suggestions.open ? suggestions.take(true) : toChips()),
  Enter: () => {
    carryOut(entered(box.value, box.selectionStart, suggestions.rows[suggestions.active]));
    return true;
  },
};

function recall() {
  if (sentBefore) write(sentBefore);
  return Boolean(sentBefore);
}

function toChips() {
  const first = helper.hidden ? null : all(helper, ".chip", HTMLElement)[0];
  first?.focus();
  return Boolean(first);
}

/** @param {string | null} text */
function complain(text) {
  problem.hidden = !text;
  fill(problem, text && [icon("alert"), h("span", {}, text)]);
  box.closest(".box")?.classList.toggle("bad", Boolean(text));
}

/** @param {Deed} deed */
function carryOut(deed) {
  if (deed.does === "take") return void suggestions.take();
  suggestions.close();
  if (box.value !== box.value.trimStart()) write(box.value.trim());
  if (deed.does === "complain") refuse(deed);
  else if (deed.does === "say") {
    const { content } = deed;
    deliver(api.say({ persona: store.persona, channel: store.active, content }));
  } else if (deed.does === "run") run(deed);
}

/** @param {{ text: string, option?: Option }} wrong */
function refuse({ text, option }) {
  const parsed = understood(box.value);
  if (option && parsed && !parsed.args.some((arg) => arg.option === option)) addOption(option);
  complain(text);
  paint(echo, box.value, understood(box.value), option);
}

/** @param {{ command: Callable, values: Record<string, unknown> }} call */
function run({ command, values }) {
  const { name, group, subcommand, full } = command;
  const nonce = newNonce();
  expect(nonce, { kind: "command", name: full, channel: store.active });
  const { persona, active } = store;
  const call = { persona, channel: active, name, group, subcommand, options: values, nonce };
  deliver(api.command(call), () => forget(nonce));
}

/**
 * Clear the box at once; the text comes back if the sandbox refuses it.
 * @param {Promise<unknown>} promise
 * @param {() => void} [refused]
 */
async function deliver(promise, refused = () => {}) {
  const text = box.value.trim();
  sentBefore = text;
  forgetPicks();
  write("");
  try {
    await promise;
  } catch (error) {
    refused();
    if (!box.value) write(text);
    complain(said(error));
  }
}

/** @param {Emoji} emoji */
function insertEmoji(emoji) {
  const text = emoji.id ? `:${emoji.name}: ` : (emoji.name ?? "");
  box.focus();
  box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
  changed();
}

function showUnder() {
  const who = typers();
  const length = [...box.value].length;
  const over = !box.value.startsWith("/") && length > COUNT_FROM;
  fill(
    under,
    h(
      "span",
      { class: "grow", role: "status" },
      who.length > 0 && [
        h("span", { class: "dots" }, h("i"), h("i"), h("i")),
        " ",
        h("b", {}, who.join(" and ")),
        who.length > 1 ? " are typing…" : " is typing…",
      ],
    ),
    over
      ? h("span", { class: length > LONGEST_MESSAGE ? "over" : "" }, `${LONGEST_MESSAGE - length}`)
      : h(
          "kbd",
          {},
          box.value.startsWith("/") ? "Tab: next · Enter: send · Esc: close" : "/ for commands",
        ),
  );
}
