// The message box's help for a command: the coloured echo behind the letters, and the line above
// with the option at the cursor and the options that can still be added.
/** @import { Child } from "./dom.js" */
/** @import { Argument, Callable, Option, Parsed } from "./types.js" */
import { argumentError } from "./draft.js";
import { fill, h } from "./dom.js";
import { limitsText } from "./slash.js";

/**
 * @typedef {{ onAdd: (option: Option) => void, onLeave: () => void }} ChipActions
 */

const KEEP_LAST_LINE = "\u200b";

/**
 * Colour a text in `echo`; `missing` is a required option that is empty.
 * @param {HTMLElement} echo
 * @param {string} text
 * @param {Parsed | null} parsed
 * @param {Option | null | undefined} missing
 */
export function colourText(echo, text, parsed, missing) {
  if (!parsed) return fill(echo, text + KEEP_LAST_LINE);
  /** @type {Child[]} */
  const nodes = [h("span", { class: "cmd" }, text.slice(0, parsed.nameEnd))];
  let at = parsed.nameEnd;
  for (const arg of parsed.args) {
    const isWrong = arg.raw ? argumentError(arg) : missing === arg.option;
    const from = arg.raw ? text.indexOf(arg.raw, arg.valueStart) : arg.valueStart;
    const end = from + arg.raw.length;
    nodes.push(
      text.slice(at, arg.start),
      !arg.unnamed && h("span", { class: "opt" }, text.slice(arg.start, arg.valueStart)),
      text.slice(arg.valueStart, from),
      h("span", { class: isWrong ? "val off" : "val" }, text.slice(from, end)),
    );
    at = end;
  }
  return fill(echo, nodes, text.slice(at) + KEEP_LAST_LINE);
}

/**
 * Fill the line above the box. Its chips call `onAdd(option)`; Escape on one calls `onLeave()`.
 * @param {HTMLElement} line
 * @param {string} text
 * @param {Parsed | null} parsed
 * @param {Argument | null} arg
 * @param {ChipActions} chips
 */
export function showGuide(line, text, parsed, arg, { onAdd, onLeave }) {
  line.hidden = !parsed || !/\s/.test(text[parsed.nameEnd] ?? "");
  if (!parsed || line.hidden) return;
  const { command, args } = parsed;
  const unused = command.options.filter((option) => !args.some((one) => one.option === option));
  const chips = unused.map((option) => chip(option, onAdd, onLeave));
  fill(
    line,
    h("div", { class: "about" }, arg ? aboutOption(arg.option) : aboutCommand(command)),
    chips.length > 0 &&
      h("div", { class: "chips", role: "group", "aria-label": "Options to add" }, chips),
  );
}

/** @param {Callable} command */
const aboutCommand = (command) => [
  h("b", {}, `/${command.full}`),
  h("span", {}, command.description),
];

/** @param {Option} option */
const aboutOption = (option) => [
  h("b", {}, option.name),
  h("span", {}, option.description),
  h("small", {}, limitsText(option)),
];

/**
 * @param {Option} option
 * @param {(option: Option) => void} onAdd
 * @param {() => void} onLeave
 */
function chip(option, onAdd, onLeave) {
  /** @param {any} event */
  const handleKey = (event) => {
    const { key, currentTarget } = event;
    if (key === "ArrowRight") currentTarget.nextElementSibling?.focus();
    else if (key === "ArrowLeft") currentTarget.previousElementSibling?.focus();
    else if (key === "Escape") onLeave();
  };
  const props = {
    type: "button",
    class: option.required ? "chip needed" : "chip",
    dataset: { option: option.name },
    title: option.description,
    onclick: () => onAdd(option),
    onkeydown: handleKey,
  };
  return h("button", props, option.required ? option.name : `+ ${option.name}`);
}
