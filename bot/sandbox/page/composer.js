// The message box. Its text is the only truth: a command is typed or chosen into it, and an echo
// behind the letters colours what was understood.
import { api, newNonce } from "./api.js";
import { argAt, available, forgetPicks, keepPick, known } from "./draft.js";
import { onWire, otherValues, understood, wrongWith } from "./draft.js";
import { byId, fill, h, iconButton } from "./dom.js";
import { guide, paint } from "./guide.js";
import { icon } from "./icons.js";
import { expect, forget } from "./interactions.js";
import { bringFiles, pickFiles } from "./picker.js";
import { palette } from "./reactions.js";
import { KIND, readAll } from "./slash.js";
import { channel, on, store, typers } from "./store.js";
import { Suggestions, valueNode } from "./suggest.js";

const LONGEST_MESSAGE = 2000;
const COUNT_FROM = 1800;
const narrow = matchMedia("(max-width: 760px)");

let box;
let echo;
let helper;
let problem;
let suggestions;
let sendButton;
let under;
let sentBefore = "";

/** Build the message box inside the form. */
export function startComposer() {
  box = h("textarea", {
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
  echo = h("div", { class: "echo", "aria-hidden": "true" });
  helper = h("div", { class: "helper", hidden: true });
  problem = h("div", { class: "problem", role: "alert", hidden: true });
  under = h("div", { class: "under" });
  sendButton = h(
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
  const panel = h("div", {
    class: "suggest",
    id: "suggest",
    role: "listbox",
    "aria-label": "Suggestions",
    hidden: true,
  });
  suggestions = new Suggestions(panel, box);
  fill(
    byId("write"),
    panel,
    h(
      "div",
      { class: "box" },
      helper,
      problem,
      h(
        "div",
        { class: "line" },
        iconButton(icon("slash"), "Commands", () => write("/"), { id: "commands" }),
        h("div", { class: "typed" }, echo, box),
        iconButton(icon("smile"), "Emoji", (event) => palette(event.currentTarget, insertEmoji)),
        sendButton,
      ),
    ),
    under,
  );
  byId("write").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  byId("write").addEventListener("dragover", (event) => event.preventDefault());
  byId("write").addEventListener("drop", dropped);
  box.addEventListener("input", () => changed());
  box.addEventListener("keydown", keydown);
  box.addEventListener("blur", () =>
    setTimeout(() => document.activeElement !== box && suggestions.close(), 80),
  );
  for (const type of ["click", "keyup"])
    box.addEventListener(
      type,
      (event) =>
        !["Escape", "Enter", "Tab", "ArrowUp", "ArrowDown"].includes(event.key) && suggest(),
    );
  on("commands", () => changed());
  on("typing", showUnder);
  changed();
}

/** Put a text into the box and the cursor behind it. */
export function write(text) {
  box.value = text;
  box.focus();
  box.setSelectionRange(text.length, text.length);
  changed();
}

/** The placeholder and what is offered belong to the open channel. */
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

function help(parsed) {
  const back = () => box.focus();
  guide(helper, box.value, parsed, argAt(parsed, box.selectionStart), { add: addOption, back });
}

function addOption(option) {
  write(`${box.value.trimEnd()} ${option.name}: `);
  if (option.type === KIND.ATTACHMENT) choseFile(option);
}

// What stands behind the option is the file's name; what travels is its id.
function choseFile(option) {
  pickFiles(1, ([file]) => putFile(option, file));
}

function putFile(option, { id, name }) {
  keepPick(option, name, id);
  const arg = understood(box.value)?.args.find((one) => one.option === option);
  if (arg) replace(0, arg.end, `${box.value.slice(0, arg.valueStart).trimEnd()} ${name} `);
  else write(`${box.value.trimEnd()} ${option.name}: ${name} `);
}

// A file that is dropped here goes to the first option of the command that takes one and has none.
function dropped(event) {
  const [file] = event.dataTransfer?.files ?? [];
  if (!file) return;
  event.preventDefault();
  const parsed = understood(box.value);
  const empty = (option) => !parsed.args.some((arg) => arg.option === option && arg.picked);
  const option = parsed?.command.options.find(
    (one) => one.type === KIND.ATTACHMENT && empty(one),
  );
  if (option) bringFiles([file], ([taken]) => putFile(option, taken));
  else complain(`Type a command that takes a file first${takers()}, then drop it here.`);
}

function takers() {
  const takes = (command) => command.options.some((option) => option.type === KIND.ATTACHMENT);
  const names = available()
    .filter(takes)
    .map((command) => `/${command.full}`);
  return names.length ? ` (${names.join(", ")})` : "";
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

function suggestValue(parsed) {
  const arg = argAt(parsed, box.selectionStart);
  help(parsed);
  if (!arg || arg.bare || (arg.picked && arg.option.autocomplete)) return suggestions.close();
  if (arg.option.type === KIND.ATTACHMENT) return suggestFile(arg);
  const choose = (text, value) => {
    keepPick(arg.option, text, value);
    replace(0, arg.end, `${box.value.slice(0, arg.valueStart).trimEnd()} ${text} `);
    help(understood(box.value));
  };
  return suggestions.values(arg, parsed.command, otherValues(parsed, arg), known(), choose);
}

function suggestFile({ option, picked }) {
  const row = { node: valueNode({ name: "Choose a file…" }), take: () => choseFile(option) };
  return picked ? suggestions.close() : suggestions.show(option.description, [row], 0);
}

// Put a text in the place of a part, and the cursor behind it.
function replace(start, end, text) {
  const before = box.value.slice(0, start) + text;
  write(before + box.value.slice(end).trimStart());
  box.setSelectionRange(before.length, before.length);
  suggestions.close();
}

function suggestPeople(before) {
  const found = /(^|\s)@([^\s@]{0,30})$/.exec(before);
  if (!found) return suggestions.close();
  const typed = found[2].toLowerCase();
  const start = before.length - typed.length - 1;
  const people = known().people.filter((one) => one.name.toLowerCase().startsWith(typed));
  const row = (user) => ({
    node: valueNode({ name: user.name, user }),
    take: () => replace(start, before.length, `@${user.name} `),
  });
  return suggestions.show("Members", people.map(row), 0);
}

function chooseCommand(command) {
  forgetPicks();
  const needed = command.options.find((option) => option.required);
  write(`/${command.full} ${needed ? `${needed.name}: ` : ""}`);
}

function keydown(event) {
  if (event.isComposing || (event.shiftKey && event.key !== "Escape")) return;
  if (KEYS[event.key]?.()) event.preventDefault();
}

// What a key does; true if it did something of ours.
const KEYS = {
  ArrowDown: () => suggestions.open && suggestions.move(1),
  ArrowUp: () => (suggestions.open ? suggestions.move(-1) : !box.value && recall()),
  Escape: () => suggestions.open && suggestions.close(),
  Tab: () => (suggestions.open ? suggestions.take(true) : toChips()),
  Enter: () => {
    if (!enterTakes() || !suggestions.take()) submit();
    return true;
  },
};

function recall() {
  if (sentBefore) write(sentBefore);
  return Boolean(sentBefore);
}

function toChips() {
  const first = helper.hidden ? null : helper.querySelector(".chip");
  first?.focus();
  return Boolean(first);
}

// Enter takes the marked row, unless what stands there is already complete.
function enterTakes() {
  if (!suggestions.open || suggestions.active < 0) return false;
  const parsed = understood(box.value);
  if (!parsed || !box.value.startsWith("/")) return true;
  const row = suggestions.rows[suggestions.active];
  if (row.command) {
    const exact = row.command.full === box.value.slice(1).trim().replace(/\s+/g, " ");
    const complete = !readAll(parsed, known()).error;
    return !(complete && (exact || parsed.args.length > 0));
  }
  const arg = argAt(parsed, box.selectionStart);
  return !(arg?.raw && !wrongWith(arg));
}

function complain(text) {
  problem.hidden = !text;
  fill(problem, text && [icon("alert"), h("span", {}, text)]);
  box.closest(".box")?.classList.toggle("bad", Boolean(text));
}

function submit() {
  const text = box.value.trim();
  if (!text) return;
  suggestions.close();
  if (box.value !== box.value.trimStart()) write(text);
  if (text.startsWith("/")) sendCommand(text);
  else sendMessage(text);
}

function sendCommand(text) {
  const parsed = understood(box.value);
  if (!parsed) {
    complain(
      store.commands.length
        ? `There is no command ${text.split(/\s/)[0]} for you here. Type / to see what there is.`
        : "The bot is not ready: wait until it is online (above), or start it under Weather.",
    );
    return;
  }
  const { values, error, option } = readAll(parsed, known());
  if (error) {
    if (option && !parsed.args.some((arg) => arg.option === option)) addOption(option);
    complain(`${error[0].toUpperCase()}${error.slice(1)}.`);
    paint(echo, box.value, understood(box.value), option);
    return;
  }
  const { name, group, subcommand, full } = parsed.command;
  const nonce = newNonce();
  expect(nonce, { kind: "command", name: full, channel: store.active });
  deliver(
    text,
    api.command({
      persona: store.persona,
      channel: store.active,
      name,
      group,
      subcommand,
      options: values,
      nonce,
    }),
    () => forget(nonce),
  );
}

function sendMessage(text) {
  if ([...text].length > LONGEST_MESSAGE) {
    complain(
      `A message has at most ${LONGEST_MESSAGE} characters; this one has ${[...text].length}.`,
    );
    return;
  }
  deliver(text, api.say({ persona: store.persona, channel: store.active, content: onWire(text) }));
}

// A text leaves the box at once and comes back if the sandbox refuses it.
async function deliver(text, promise, refused = () => {}) {
  sentBefore = text;
  forgetPicks();
  write("");
  try {
    await promise;
  } catch (error) {
    refused();
    if (!box.value) write(text);
    complain(error.message);
  }
}

function insertEmoji(emoji) {
  const text = emoji.id ? `:${emoji.name}: ` : emoji.name;
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
