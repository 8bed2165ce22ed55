// Decides what Enter does with the text in the message box. Touches no element: the composer
// performs the action.
//
// A command runs only if its whole name was typed: Enter first writes a marked suggestion into the
// box, where the person sees it, and the next Enter runs it.
/** @import { Callable, Option, Parsed } from "./types.js" */
import { argumentAt, entities, encodeMentions, parseDraft, argumentError } from "./draft.js";
import { flattenCommands, readAll } from "./slash.js";
import { store } from "./store.js";

export const LONGEST_MESSAGE = 2000;

/**
 * @typedef {{ command?: Callable }} Marked The marked row in the list over the box.
 * @typedef {{ kind: "nothing" } | { kind: "choose" }
 *   | { kind: "run", command: Callable, values: Record<string, unknown> }
 *   | { kind: "send", content: string }
 *   | { kind: "refuse", text: string, option?: Option }} EnterAction
 */

/**
 * The action of Enter: choose the marked row unless the text is already complete, else send.
 * @param {string} text
 * @param {number} caret
 * @param {Marked | undefined} marked
 * @returns {EnterAction}
 */
export function actionOnEnter(text, caret, marked) {
  return marked && shouldChooseRow(text, caret, marked)
    ? { kind: "choose" }
    : actionOnSend(text.trim());
}

/**
 * @param {string} text
 * @param {number} caret
 * @param {Marked} marked
 */
function shouldChooseRow(text, caret, marked) {
  const parsed = parseDraft(text);
  if (!parsed) return true;
  if (marked.command) {
    const isExact = marked.command.full === text.slice(1).trim().replace(/\s+/g, " ");
    const isComplete = !readAll(parsed, entities()).error;
    return !(isComplete && (isExact || parsed.args.length > 0));
  }
  const arg = argumentAt(parsed, caret);
  // The bot's completions are not marked by default, so the person marked this one.
  return Boolean(arg?.option.autocomplete) || !(arg?.raw && !argumentError(arg));
}

/**
 * The action of sending a trimmed text.
 * @param {string} text
 * @returns {EnterAction}
 */
export function actionOnSend(text) {
  if (!text) return { kind: "nothing" };
  if (!text.startsWith("/")) return messageAction(text);
  const parsed = parseDraft(text);
  return parsed ? commandAction(parsed) : { kind: "refuse", text: unknownCommandText(text) };
}

/**
 * @param {string} text
 * @returns {EnterAction}
 */
function messageAction(text) {
  const { length } = [...text];
  if (length <= LONGEST_MESSAGE) return { kind: "send", content: encodeMentions(text) };
  const limit = `A message has at most ${LONGEST_MESSAGE} characters; this one has ${length}.`;
  return { kind: "refuse", text: limit };
}

/**
 * @param {Parsed} parsed
 * @returns {EnterAction}
 */
function commandAction(parsed) {
  const { values, error, option } = readAll(parsed, entities());
  if (values) return { kind: "run", command: parsed.command, values };
  return { kind: "refuse", text: `${error[0].toUpperCase()}${error.slice(1)}.`, option };
}

/**
 * Our name for a command that other bots name differently.
 * @type {Record<string, string>}
 */
const FOREIGN_NAMES = { "/imagine": "/waifu" };

/** @param {string} text */
function unknownCommandText(text) {
  if (!store.commands.length)
    return "The bot is not ready: wait until it is online (above), or start it under Weather.";
  const [name] = text.split(/\s/);
  const names = flattenCommands(store.commands).map(({ full }) => `/${full}`);
  const subcommands = names.filter((full) => full.startsWith(`${name} `));
  if (subcommands.length) return `Type one of these: ${subcommands.join(", ")}.`;
  const ourName = FOREIGN_NAMES[name];
  if (ourName && store.commands.some((command) => `/${command.name}` === ourName))
    return `What other bots call ${name} is ${ourName} here.`;
  return `There is no command ${name} for you here. Type / to see what there is.`;
}
