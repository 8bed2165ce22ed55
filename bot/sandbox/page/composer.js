// The message box. Its text is the only state: people type commands or insert them, and an echo
// behind the letters colours the parsed parts. entering.js decides what Enter does.
/** @import { EnterAction } from "./entering.js" */
/** @import { UploadedFile } from "./picker.js" */
/** @import { Argument, Callable, Emoji, Named, Option, Parsed } from "./types.js" */
import { api, newNonce } from "./api.js";
import { startAttaching, chooseFile } from "./attaching.js";
import {
  argumentAt,
  availableCommands,
  entities,
  forgetPicks,
  otherValues,
  parseDraft,
  rememberPick,
} from "./draft.js";
import { findAll, byId, fill, h, iconButton } from "./dom.js";
import { actionOnEnter, LONGEST_MESSAGE, actionOnSend } from "./entering.js";
import { showGuide, colourText } from "./guide.js";
import { icon } from "./icons.js";
import { expectAnswer, stopWaiting } from "./interactions.js";
import { openPalette } from "./reactions.js";
import { KIND } from "./slash.js";
import { channel, on, store, typingNames } from "./store.js";
import { Suggestions, valueNode } from "./suggest.js";
import { errorText } from "./toast.js";

const SHOW_COUNT_FROM = 1800;
const LIST_KEYS = ["Escape", "Enter", "Tab", "ArrowUp", "ArrowDown"];
const narrowScreen = matchMedia("(max-width: 760px)");

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
const guideLine = h("div", { class: "helper", hidden: true });
const problemLine = h("div", { class: "problem", role: "alert", hidden: true });
const footer = h("div", { class: "under" });
const suggestionPanel = h("div", { class: "suggest", hidden: true });
const suggestions = new Suggestions(suggestionPanel, box);
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
let lastSent = "";

/** Build the message box inside the form. */
export function startComposer() {
  const form = byId("write");
  const line = h(
    "div",
    { class: "line" },
    iconButton(icon("slash"), "Commands", () => setText("/"), { id: "commands" }),
    h("div", { class: "typed" }, echo, box),
    iconButton(icon("smile"), "Emoji", (event) => openPalette(event.currentTarget, insertEmoji)),
    sendButton,
  );
  fill(form, suggestionPanel, h("div", { class: "box" }, guideLine, problemLine, line), footer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    perform(actionOnSend(box.value.trim()));
  });
  startAttaching(form, { text: () => box.value, insertFile, showProblem });
  listen();
  handleChange();
}

function listen() {
  box.addEventListener("input", handleChange);
  box.addEventListener("keydown", handleKeydown);
  box.addEventListener("blur", () =>
    setTimeout(() => document.activeElement !== box && suggestions.close(), 80),
  );
  box.addEventListener("click", updateSuggestions);
  box.addEventListener("keyup", (event) => {
    if (!LIST_KEYS.includes(event.key)) updateSuggestions();
  });
  on("commands", handleChange);
  on("typing", showFooter);
}

/**
 * Put a text into the box and the cursor after it.
 * @param {string} text
 */
export function setText(text) {
  box.value = text;
  box.focus();
  box.setSelectionRange(text.length, text.length);
  handleChange();
}

/** Update what depends on the open channel: the placeholder and the suggestions. */
export function refreshComposer() {
  box.placeholder = `Message #${channel()?.name ?? ""}`;
  box.setAttribute("aria-label", box.placeholder);
  handleChange();
  if (!narrowScreen.matches) box.focus({ preventScroll: true });
}

function handleChange() {
  showProblem(null);
  const parsed = parseDraft(box.value);
  colourText(echo, box.value, parsed, null);
  updateGuide(parsed);
  sendButton.disabled = !box.value.trim();
  showFooter();
  updateSuggestions();
}

/** @param {Parsed | null} parsed */
function updateGuide(parsed) {
  const focusBox = () => box.focus();
  const arg = argumentAt(parsed, box.selectionStart);
  showGuide(guideLine, box.value, parsed, arg, { onAdd: addOption, onLeave: focusBox });
}

/** @param {Option} option */
function addOption(option) {
  setText(`${box.value.trimEnd()} ${option.name}: `);
  if (option.type === KIND.ATTACHMENT) chooseFile(option);
}

/**
 * Write a file's name after its option; the command sends its id.
 * @param {Option} option
 * @param {UploadedFile} file
 */
function insertFile(option, { id, name }) {
  rememberPick(option, name, id);
  const arg = parseDraft(box.value)?.args.find((one) => one.option === option);
  if (arg) replace(0, arg.end, `${box.value.slice(0, arg.valueStart).trimEnd()} ${name} `);
  else setText(`${box.value.trimEnd()} ${option.name}: ${name} `);
}

function updateSuggestions() {
  const text = box.value;
  const caret = box.selectionStart;
  if (document.activeElement !== box) return;
  if (!text.startsWith("/")) suggestPeople(text.slice(0, caret));
  else {
    const parsed = parseDraft(box.value);
    if (!parsed || caret <= parsed.nameEnd)
      suggestions.commands(text.slice(0, caret), availableCommands(), chooseCommand);
    else suggestValue(parsed);
  }
}

/** @param {Parsed} parsed */
function suggestValue(parsed) {
  const arg = argumentAt(parsed, box.selectionStart);
  updateGuide(parsed);
  if (!arg || arg.unnamed || (arg.picked && arg.option.autocomplete)) return suggestions.close();
  if (arg.option.type === KIND.ATTACHMENT) return suggestFile(arg);
  /**
   * @param {string} text
   * @param {unknown} value
   */
  const choose = (text, value) => {
    rememberPick(arg.option, text, value);
    replace(0, arg.end, `${box.value.slice(0, arg.valueStart).trimEnd()} ${text} `);
    updateGuide(parseDraft(box.value));
  };
  return suggestions.values(arg, parsed.command, otherValues(parsed, arg), entities(), choose);
}

/** @param {Argument} arg */
function suggestFile({ option, picked }) {
  const row = { node: valueNode({ name: "Choose a file…" }), choose: () => chooseFile(option) };
  return picked ? suggestions.close() : suggestions.show(option.description, [row], 0);
}

/**
 * Replace a part of the text, and put the cursor after the new part.
 * @param {number} start
 * @param {number} end
 * @param {string} text
 */
function replace(start, end, text) {
  const head = box.value.slice(0, start) + text;
  setText(head + box.value.slice(end).trimStart());
  box.setSelectionRange(head.length, head.length);
  suggestions.close();
}

/** @param {string} textBefore */
function suggestPeople(textBefore) {
  const match = /(^|\s)@([^\s@]{0,30})$/.exec(textBefore);
  if (!match) return suggestions.close();
  const typed = match[2].toLowerCase();
  const start = textBefore.length - typed.length - 1;
  const people = entities().people.filter((one) => one.name.toLowerCase().startsWith(typed));
  /** @param {Named} user */
  const row = (user) => ({
    node: valueNode({ name: user.name, user }),
    choose: () => replace(start, textBefore.length, `@${user.name} `),
  });
  return suggestions.show("Members", people.map(row), 0);
}

/** @param {Callable} command */
function chooseCommand(command) {
  forgetPicks();
  const needed = command.options.find((option) => option.required);
  setText(`/${command.full} ${needed ? `${needed.name}: ` : ""}`);
}

/** @param {KeyboardEvent} event */
function handleKeydown(event) {
  if (event.isComposing || (event.shiftKey && event.key !== "Escape")) return;
  if (KEYS[event.key]?.()) event.preventDefault();
}

/**
 * What a key does; true if the key was used.
 * @type {Record<string, () => unknown>}
 */
const KEYS = {
  ArrowDown: () => suggestions.open && suggestions.move(1),
  ArrowUp: () => (suggestions.open ? suggestions.move(-1) : !box.value && recallLast()),
  Escape: () => suggestions.open && suggestions.close(),
  Tab: () => (suggestions.open ? suggestions.chooseMarked(true) : focusFirstChip()),
  Enter: () => {
    perform(actionOnEnter(box.value, box.selectionStart, suggestions.rows[suggestions.active]));
    return true;
  },
};

function recallLast() {
  if (lastSent) setText(lastSent);
  return Boolean(lastSent);
}

function focusFirstChip() {
  const first = guideLine.hidden ? null : findAll(guideLine, ".chip", HTMLElement)[0];
  first?.focus();
  return Boolean(first);
}

/** @param {string | null} text */
function showProblem(text) {
  problemLine.hidden = !text;
  fill(problemLine, text && [icon("alert"), h("span", {}, text)]);
  box.closest(".box")?.classList.toggle("bad", Boolean(text));
}

/** @param {EnterAction} action */
function perform(action) {
  if (action.kind === "choose") return void suggestions.chooseMarked();
  suggestions.close();
  if (box.value !== box.value.trimStart()) setText(box.value.trim());
  if (action.kind === "refuse") showRefusal(action);
  else if (action.kind === "send") {
    const { content } = action;
    sendAndClear(api.sendMessage({ persona: store.persona, channel: store.active, content }));
  } else if (action.kind === "run") run(action);
}

/** @param {{ text: string, option?: Option }} refusal */
function showRefusal({ text, option }) {
  const parsed = parseDraft(box.value);
  if (option && parsed && !parsed.args.some((arg) => arg.option === option)) addOption(option);
  showProblem(text);
  colourText(echo, box.value, parseDraft(box.value), option);
}

/** @param {{ command: Callable, values: Record<string, unknown> }} call */
function run({ command, values }) {
  const { name, group, subcommand, full } = command;
  const nonce = newNonce();
  expectAnswer(nonce, { kind: "command", name: full, channel: store.active });
  const { persona, active } = store;
  const call = { persona, channel: active, name, group, subcommand, options: values, nonce };
  sendAndClear(api.command(call), () => stopWaiting(nonce));
}

/**
 * Clear the box at once; put the text back if the sandbox refuses it.
 * @param {Promise<unknown>} promise
 * @param {() => void} [onRefusal]
 */
async function sendAndClear(promise, onRefusal = () => {}) {
  const text = box.value.trim();
  lastSent = text;
  forgetPicks();
  setText("");
  try {
    await promise;
  } catch (error) {
    onRefusal();
    if (!box.value) setText(text);
    showProblem(errorText(error));
  }
}

/** @param {Emoji} emoji */
function insertEmoji(emoji) {
  const text = emoji.id ? `:${emoji.name}: ` : (emoji.name ?? "");
  box.focus();
  box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
  handleChange();
}

function showFooter() {
  const names = typingNames();
  const length = [...box.value].length;
  const showsCount = !box.value.startsWith("/") && length > SHOW_COUNT_FROM;
  fill(
    footer,
    h(
      "span",
      { class: "grow", role: "status" },
      names.length > 0 && [
        h("span", { class: "dots" }, h("i"), h("i"), h("i")),
        " ",
        h("b", {}, names.join(" and ")),
        names.length > 1 ? " are typing…" : " is typing…",
      ],
    ),
    showsCount
      ? h("span", { class: length > LONGEST_MESSAGE ? "over" : "" }, `${LONGEST_MESSAGE - length}`)
      : h(
          "kbd",
          {},
          box.value.startsWith("/") ? "Tab: next · Enter: send · Esc: close" : "/ for commands",
        ),
  );
}
