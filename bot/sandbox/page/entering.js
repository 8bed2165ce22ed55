// Decides what Enter does to the text in the message box. Touches no element: the composer carries
// it out.
//
// A command runs only if its whole name was typed: a marked suggestion is first written into the
// box, where its person sees it, and runs with the next Enter.
/** @import { Callable, Option, Parsed } from "./types.js" */
import { argAt, known, onWire, understood, wrongWith } from "./draft.js";
import { flatten, readAll } from "./slash.js";
import { store } from "./store.js";

export const LONGEST_MESSAGE = 2000;

/**
 * @typedef {{ command?: Callable }} Marked The marked row in the list over the box.
 * @typedef {{ does: "nothing" } | { does: "take" }
 *   | { does: "run", command: Callable, values: Record<string, unknown> }
 *   | { does: "say", content: string }
 *   | { does: "complain", text: string, option?: Option }} Deed
 */

/**
 * What Enter does: take the marked row, unless the text is already complete; else send.
 * @param {string} text
 * @param {number} caret
 * @param {Marked | undefined} marked
 * @returns {Deed}
 */
export function entered(text, caret, marked) {
  return marked && takes(text, caret, marked) ? { does: "take" } : sent(text.trim());
}

/**
 * @param {string} text
 * @param {number} caret
 * @param {Marked} marked
 */
function takes(text, caret, marked) {
  const parsed = understood(text);
  if (!parsed) return true;
  if (marked.command) {
    const exact = marked.command.full === text.slice(1).trim().replace(/\s+/g, " ");
    const complete = !readAll(parsed, known()).error;
    return !(complete && (exact || parsed.args.length > 0));
  }
  const arg = argAt(parsed, caret);
  // No row of the bot's completions is marked by default, so a marked one is meant.
  return Boolean(arg?.option.autocomplete) || !(arg?.raw && !wrongWith(arg));
}

/**
 * What sending a trimmed text does.
 * @param {string} text
 * @returns {Deed}
 */
export function sent(text) {
  if (!text) return { does: "nothing" };
  if (!text.startsWith("/")) return said(text);
  const parsed = understood(text);
  return parsed ? called(parsed) : { does: "complain", text: unknown(text) };
}

/**
 * @param {string} text
 * @returns {Deed}
 */
function said(text) {
  const { length } = [...text];
  if (length <= LONGEST_MESSAGE) return { does: "say", content: onWire(text) };
  const limit = `A message has at most ${LONGEST_MESSAGE} characters; this one has ${length}.`;
  return { does: "complain", text: limit };
}

/**
 * @param {Parsed} parsed
 * @returns {Deed}
 */
function called(parsed) {
  const { values, error, option } = readAll(parsed, known());
  if (values) return { does: "run", command: parsed.command, values };
  return { does: "complain", text: `${error[0].toUpperCase()}${error.slice(1)}.`, option };
}

/**
 * The name of our command for one of another bot's.
 * @type {Record<string, string>}
 */
const ELSEWHERE = { "/imagine": "/waifu" };

/** @param {string} text */
function unknown(text) {
  if (!store.commands.length)
    return "The bot is not ready: wait until it is online (above), or start it under Weather.";
  const [name] = text.split(/\s/);
  const inner = flatten(store.commands).filter(({ full }) => `/${full}`.startsWith(`${name} `));
  if (inner.length) return `Type one of these: ${inner.map(({ full }) => `/${full}`).join(", ")}.`;
  const ours = ELSEWHERE[name];
  if (ours && store.commands.some((command) => `/${command.name}` === ours))
    return `What other bots call ${name} is ${ours} here.`;
  return `There is no command ${name} for you here. Type / to see what there is.`;
}
