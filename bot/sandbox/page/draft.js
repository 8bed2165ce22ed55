// Interprets the text in the message box: finds its command and the values of its options, and
// encodes names. Touches no element.
/** @import { Argument, Callable, Option, Parsed } from "./types.js" */
import { flattenCommands, parse, readValue } from "./slash.js";
import { guildEmojis, isAdultsOnly, store } from "./store.js";

/** Picked completions, by option. @type {Map<string, { text: string, value: unknown }>} */
const pickedValues = new Map();

/** The commands of this channel; the sandbox lists only those that this person may use. */
export function availableCommands() {
  const commands = flattenCommands(store.commands);
  return commands.filter((command) => !command.adultsOnly || isAdultsOnly(store.active));
}

/** The people, channels and roles that options can name. */
export const entities = () => ({
  people: [...store.personas, store.bot],
  channels: [...store.channels, ...store.categories],
  roles: store.roles,
});

/**
 * Read a text as a command (see `parse`); a picked text keeps its value.
 * @param {string} text
 */
export function parseDraft(text) {
  const parsed = parse(text, availableCommands());
  for (const arg of parsed?.args ?? []) {
    const picked = pickedValues.get(arg.option.name);
    if (picked && picked.text === arg.raw) arg.picked = { value: picked.value };
  }
  return parsed;
}

/**
 * Remember that `text` in an option stands for `value`.
 * @param {Option} option
 * @param {string} text
 * @param {unknown} value
 */
export const rememberPick = (option, text, value) => pickedValues.set(option.name, { text, value });
export const forgetPicks = () => pickedValues.clear();

/**
 * The argument at a position in the text, or null.
 * @param {Parsed | null} parsed
 * @param {number} caret
 */
export function argumentAt(parsed, caret) {
  return parsed?.args.find((arg) => caret >= arg.valueStart && caret <= arg.end) ?? null;
}

/**
 * What is wrong with an argument; false or undefined if nothing is.
 * @param {Argument} arg
 */
export const argumentError = (arg) =>
  !arg.picked && readValue(arg.option, arg.raw, entities()).error;

/**
 * The values of all arguments but one; an unreadable one keeps its text.
 * @param {Parsed} parsed
 * @param {Argument} arg
 */
export function otherValues(parsed, arg) {
  /** @param {Argument} other */
  const valueOf = (other) =>
    other.picked?.value ?? readValue(other.option, other.raw, entities()).value ?? other.raw;
  const others = parsed.args.filter((other) => other.raw && other !== arg);
  return Object.fromEntries(others.map((other) => [other.option.name, valueOf(other)]));
}

/**
 * Replace the names of people, channels and emoji with Discord's mentions.
 * @param {string} text
 */
export function encodeMentions(text) {
  let encoded = text;
  for (const entry of entities().people)
    encoded = encoded.replaceAll(`@${entry.name}`, `<@${entry.id}>`);
  encoded = encoded.replace(/#([\w-]+)/g, (whole, name) => {
    const channel = store.channels.find((entry) => entry.name === name);
    return channel ? `<#${channel.id}>` : whole;
  });
  for (const entry of guildEmojis()) {
    const written = new RegExp(`(?<!<a?):${entry.name}:(?!\\d)`, "g");
    encoded = encoded.replace(written, `<:${entry.name}:${entry.id}>`);
  }
  return encoded;
}
