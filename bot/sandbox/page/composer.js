// The message box. Its text is the only truth: a command is typed or chosen into it, and an echo
// behind the letters colours what was understood.
import { api, newNonce } from "./api.js";
import { byId, fill, h, iconButton } from "./dom.js";
import { icon } from "./icons.js";
import { expect, forget } from "./interactions.js";
import { palette } from "./reactions.js";
import { flatten, limits, parse, read, readAll } from "./slash.js";
import { channel, guildEmojis, isAdultsOnly, isModerator, on, store, typers } from "./store.js";
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
let problemOption = null;
const picked = new Map(); // option name -> {text, value}: what a completion stands for

/** Build the message box inside the form. */
export function startComposer() {
  box = h("textarea", { id: "composer", rows: 1, spellcheck: "false", autocomplete: "off", role: "combobox", "aria-expanded": "false", "aria-controls": "suggest",
    "aria-autocomplete": "list", "aria-label": "Message", maxlength: 30_000, enterkeyhint: "send" });
  echo = h("div", { class: "echo", "aria-hidden": "true" });
  helper = h("div", { class: "helper", hidden: true });
  problem = h("div", { class: "problem", role: "alert", hidden: true });
  under = h("div", { class: "under" });
  sendButton = h("button", { id: "send", type: "submit", class: "icon-button", "aria-label": "Send", title: "Send", disabled: true }, icon("send"));
  const panel = h("div", { class: "suggest", id: "suggest", role: "listbox", "aria-label": "Suggestions", hidden: true });
  suggestions = new Suggestions(panel, box);
  fill(byId("write"), panel, h("div", { class: "box" }, helper, problem,
    h("div", { class: "line" },
      iconButton(icon("slash"), "Commands", () => write("/"), { id: "commands" }),
      h("div", { class: "typed" }, echo, box),
      iconButton(icon("smile"), "Emoji", (event) => palette(event.currentTarget, insertEmoji)),
      sendButton)), under);
  byId("write").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  box.addEventListener("input", () => changed());
  box.addEventListener("keydown", keydown);
  box.addEventListener("blur", () => setTimeout(() => document.activeElement !== box && suggestions.close(), 80));
  for (const type of ["click", "keyup"]) box.addEventListener(type, (event) => !["Escape", "Enter", "Tab", "ArrowUp", "ArrowDown"].includes(event.key) && suggest());
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

const available = () => flatten(store.commands).filter((command) => (command.restricted === null || isModerator()) && (!command.adults || isAdultsOnly(store.active)));
const known = () => ({ people: [...store.personas, store.bot], channels: store.channels });

function understood() {
  const parsed = parse(box.value, available());
  for (const arg of parsed?.args ?? []) {
    const pick = picked.get(arg.option.name);
    if (pick && pick.text === arg.raw) arg.picked = { value: pick.value };
  }
  return parsed;
}

function changed() {
  complain(null);
  const parsed = understood();
  paint(parsed);
  help(parsed);
  sendButton.disabled = !box.value.trim();
  showUnder();
  suggest();
}

function paint(parsed) {
  const text = box.value;
  if (!parsed) return fill(echo, `${text}\u200b`);
  const nodes = [h("span", { class: "cmd" }, text.slice(0, parsed.nameEnd))];
  let at = parsed.nameEnd;
  for (const arg of parsed.args) {
    const bad = arg.raw ? !arg.picked && read(arg.option, arg.raw, known()).error : problemOption === arg.option;
    const from = arg.raw ? text.indexOf(arg.raw, arg.valueStart) : arg.valueStart;
    nodes.push(text.slice(at, arg.start), !arg.bare && h("span", { class: "opt" }, text.slice(arg.start, arg.valueStart)), text.slice(arg.valueStart, from),
      h("span", { class: bad ? "val off" : "val" }, text.slice(from, from + arg.raw.length)));
    at = from + arg.raw.length;
  }
  return fill(echo, nodes, `${text.slice(at)}\u200b`);
}

function help(parsed) {
  const inArguments = parsed && /\s/.test(box.value[parsed.nameEnd] ?? "");
  helper.hidden = !inArguments;
  if (!inArguments) return;
  const arg = argAtCaret(parsed);
  const unused = parsed.command.options.filter((option) => !parsed.args.some((one) => one.option === option));
  const about = arg ? [h("b", {}, arg.option.name), h("span", {}, arg.option.description), h("small", {}, limits(arg.option))]
    : [h("b", {}, `/${parsed.command.full}`), h("span", {}, parsed.command.description)];
  fill(helper, h("div", { class: "about" }, about), unused.length > 0 && h("div", { class: "chips", role: "group", "aria-label": "Options to add" }, unused.map(chip)));
}

function chip(option) {
  return h("button", { type: "button", class: option.required ? "chip needed" : "chip", dataset: { option: option.name }, title: option.description,
    onclick: () => addOption(option),
    onkeydown: (event) => {
      const next = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
      if (next) event.currentTarget[next]?.focus();
      else if (event.key === "Escape") box.focus();
    } }, option.required ? option.name : `+ ${option.name}`);
}

function addOption(option) {
  write(`${box.value.trimEnd()} ${option.name}: `);
}

function argAtCaret(parsed) {
  const caret = box.selectionStart;
  return parsed?.args.find((arg) => caret >= arg.valueStart && caret <= arg.end) ?? null;
}

function suggest() {
  const text = box.value;
  const caret = box.selectionStart;
  if (document.activeElement !== box) return;
  if (!text.startsWith("/")) suggestPeople(text.slice(0, caret));
  else {
    const parsed = understood();
    if (!parsed || caret <= parsed.nameEnd) suggestions.commands(text.slice(0, caret), available(), chooseCommand);
    else suggestValue(parsed);
  }
}

function suggestValue(parsed) {
  const arg = argAtCaret(parsed);
  help(parsed);
  if (!arg || arg.bare || (arg.picked && arg.option.autocomplete)) return suggestions.close();
  const values = Object.fromEntries(parsed.args.filter((one) => one.raw && one !== arg).map((one) => [one.option.name, one.picked?.value ?? read(one.option, one.raw, known()).value ?? one.raw]));
  return suggestions.values(arg, parsed.command, values, known(), (chosen, value) => {
    picked.set(arg.option.name, { text: chosen, value });
    const before = `${box.value.slice(0, arg.valueStart).trimEnd()} ${chosen} `;
    const after = box.value.slice(arg.end).trimStart();
    write(before + after);
    box.setSelectionRange(before.length, before.length);
    suggestions.close();
    help(understood());
  });
}

function suggestPeople(before) {
  const found = /(^|\s)@([^\s@]{0,30})$/.exec(before);
  if (!found) return suggestions.close();
  const people = known().people.filter((one) => one.name.toLowerCase().startsWith(found[2].toLowerCase()));
  return suggestions.show("Members", people.map((user) => ({
    node: valueNode({ name: user.name, user }),
    take: () => {
      const start = before.length - found[2].length - 1;
      const text = `${before.slice(0, start)}@${user.name} `;
      write(text + box.value.slice(before.length));
      box.setSelectionRange(text.length, text.length);
      suggestions.close();
    },
  })), 0);
}

function chooseCommand(command) {
  picked.clear();
  const needed = command.options.find((option) => option.required);
  write(`/${command.full} ${needed ? `${needed.name}: ` : ""}`);
}

function keydown(event) {
  if (event.isComposing) return;
  const { key } = event;
  const stop = () => event.preventDefault();
  if (suggestions.open && (key === "ArrowDown" || key === "ArrowUp")) {
    stop();
    suggestions.move(key === "ArrowDown" ? 1 : -1);
  } else if (suggestions.open && key === "Tab" && !event.shiftKey) {
    stop();
    suggestions.take(true);
  } else if (key === "Escape" && suggestions.open) {
    stop();
    suggestions.close();
  } else if (key === "Tab" && !event.shiftKey && helper.querySelector(".chip") && !helper.hidden) {
    stop();
    helper.querySelector(".chip").focus();
  } else if (key === "ArrowUp" && !box.value && sentBefore) {
    stop();
    write(sentBefore);
  } else if (key === "Enter" && !event.shiftKey) {
    stop();
    if (!enterTakes() || !suggestions.take()) submit();
  }
}

// Enter takes the marked row, unless what stands there is already complete.
function enterTakes() {
  if (!suggestions.open || suggestions.active < 0) return false;
  const parsed = understood();
  if (!parsed || !box.value.startsWith("/")) return true;
  const row = suggestions.rows[suggestions.active];
  if (row.command) {
    const exact = row.command.full === box.value.slice(1).trim().replace(/\s+/g, " ");
    const complete = !readAll(parsed, known()).error;
    return !(complete && (exact || parsed.args.length > 0));
  }
  const arg = argAtCaret(parsed);
  return !(arg?.raw && !read(arg.option, arg.raw, known()).error);
}

function complain(text, option = null) {
  problemOption = option;
  problem.hidden = !text;
  fill(problem, text && [icon("alert"), h("span", {}, text)]);
  box.closest(".box")?.classList.toggle("bad", Boolean(text));
}

function submit() {
  const text = box.value.trim();
  if (!text) return;
  suggestions.close();
  if (text.startsWith("/")) sendCommand(text);
  else sendMessage(text);
}

function sendCommand(text) {
  const parsed = understood();
  if (!parsed) {
    complain(store.commands.length ? `There is no command ${text.split(/\s/)[0]} for you here. Type / to see what there is.` : "The bot has registered no commands yet. Is it running?");
    return;
  }
  const { values, error, option } = readAll(parsed, known());
  if (error) {
    if (option && !parsed.args.some((arg) => arg.option === option)) addOption(option);
    complain(`${error[0].toUpperCase()}${error.slice(1)}.`, option);
    paint(understood());
    return;
  }
  const { name, group, subcommand, full } = parsed.command;
  const nonce = newNonce();
  expect(nonce, { kind: "command", name: full, channel: store.active });
  deliver(text, api.command({ persona: store.persona, channel: store.active, name, group, subcommand, options: values, nonce }), () => forget(nonce));
}

function sendMessage(text) {
  if ([...text].length > LONGEST_MESSAGE) {
    complain(`A message has at most ${LONGEST_MESSAGE} characters; this one has ${[...text].length}.`);
    return;
  }
  deliver(text, api.say({ persona: store.persona, channel: store.active, content: onWire(text) }));
}

// A text leaves the box at once and comes back if the sandbox refuses it.
async function deliver(text, promise, refused = () => {}) {
  sentBefore = text;
  picked.clear();
  write("");
  try {
    await promise;
  } catch (error) {
    refused();
    if (!box.value) write(text);
    complain(error.message);
  }
}

// Names as a person writes them become the marks that travel.
function onWire(text) {
  let out = text;
  for (const one of known().people) out = out.replaceAll(`@${one.name}`, `<@${one.id}>`);
  out = out.replace(/#([\w-]+)/g, (all, name) => store.channels.find((one) => one.name === name) ? `<#${store.channels.find((one) => one.name === name).id}>` : all);
  for (const one of guildEmojis()) out = out.replace(new RegExp(`(?<!<a?):${one.name}:(?!\\d)`, "g"), `<:${one.name}:${one.id}>`);
  return out;
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
  fill(under, h("span", { class: "grow", role: "status" }, who.length > 0 && [h("span", { class: "dots" }, h("i"), h("i"), h("i")), " ", h("b", {}, who.join(" and ")), who.length > 1 ? " are typing…" : " is typing…"]),
    over ? h("span", { class: length > LONGEST_MESSAGE ? "over" : "" }, `${LONGEST_MESSAGE - length}`) : h("kbd", {}, box.value.startsWith("/") ? "Tab: next · Enter: send · Esc: close" : "/ for commands"));
}
