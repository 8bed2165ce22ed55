// The meaning of the text in the message box: its command, the values behind its words, and the
// encoding of names. Touches no element.
/** @import { Argument, Callable, Option, Parsed } from "./types.js" */
import { flatten, parse, read } from "./slash.js";
import { guildEmojis, isAdultsOnly, store } from "./store.js";

/** The values of completions, by option. @type {Map<string, { text: string, value: unknown }>} */
const picked = new Map();

/** The commands of this channel; the sandbox lists only those that this person may use. */
export function available() {
  return flatten(store.commands).filter((one) => !one.adults || isAdultsOnly(store.active));
}

/** The people and things that options can name. */
export const known = () => ({
  people: [...store.personas, store.bot],
  channels: [...store.channels, ...store.categories],
  roles: store.roles,
});

/**
 * Read a text as a command (see `parse`); what was picked keeps its value.
 * @param {string} text
 */
export function understood(text) {
  const parsed = parse(text, available());
  for (const arg of parsed?.args ?? []) {
    const pick = picked.get(arg.option.name);
    if (pick && pick.text === arg.raw) arg.picked = { value: pick.value };
  }
  return parsed;
}

/**
 * Remember that `text` in an option stands for `value`.
 * @param {Option} option
 * @param {string} text
 * @param {unknown} value
 */
export const keepPick = (option, text, value) => picked.set(option.name, { text, value });
export const forgetPicks = () => picked.clear();

/**
 * The argument at a place of the text, or null.
 * @param {Parsed | null} parsed
 * @param {number} caret
 */
export function argAt(parsed, caret) {
  return parsed?.args.find((arg) => caret >= arg.valueStart && caret <= arg.end) ?? null;
}

/**
 * What is wrong with an argument, or nothing.
 * @param {Argument} arg
 */
export const wrongWith = (arg) => !arg.picked && read(arg.option, arg.raw, known()).error;

/**
 * The values of all arguments but one, as far as they can be read.
 * @param {Parsed} parsed
 * @param {Argument} arg
 */
export function otherValues(parsed, arg) {
  /** @param {Argument} one */
  const value = (one) => one.picked?.value ?? read(one.option, one.raw, known()).value ?? one.raw;
  const others = parsed.args.filter((one) => one.raw && one !== arg);
  return Object.fromEntries(others.map((one) => [one.option.name, value(one)]));
}

/**
 * Encode names as people write them as Discord's mentions.
 * @param {string} text
 */
export function onWire(text) {
  let out = text;
  for (const one of known().people) out = out.replaceAll(`@${one.name}`, `<@${one.id}>`);
  out = out.replace(/#([\w-]+)/g, (all, name) => {
    const found = store.channels.find((one) => one.name === name);
    return found ? `<#${found.id}>` : all;
  });
  for (const one of guildEmojis()) {
    out = out.replace(new RegExp(`(?<!<a?):${one.name}:(?!\\d)`, "g"), `<:${one.name}:${one.id}>`);
  }
  return out;
}
