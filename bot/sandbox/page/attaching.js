// Attaches files to an option of the command in the message box: by a file dialog or by dropping.
/** @import { Callable, Option } from "./types.js" */
/** @import { Taken } from "./picker.js" */
import { available, understood } from "./draft.js";
import { bringFiles, pickFiles } from "./picker.js";
import { KIND } from "./slash.js";

/**
 * @typedef {{
 *   text: () => string, put: (option: Option, file: Taken) => void,
 *   complain: (text: string) => void,
 * }} Writing The box that a file goes into.
 */

/** @type {Writing} */
let writing;

/**
 * Accept files dropped on the form.
 * @param {HTMLElement} form
 * @param {Writing} box
 */
export function startAttaching(form, box) {
  writing = box;
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", dropped);
}

/**
 * Let the person choose a file for an option.
 * @param {Option} option
 */
export function takeFile(option) {
  pickFiles(1, ([file]) => writing.put(option, file));
}

/**
 * A dropped file goes to the command's first file option that is still empty.
 * @param {DragEvent} event
 */
function dropped(event) {
  const [file] = event.dataTransfer?.files ?? [];
  if (!file) return;
  event.preventDefault();
  const option = emptyPlace(writing.text());
  if (option) bringFiles([file], ([taken]) => writing.put(option, taken));
  else writing.complain(`Type a command that takes a file first${takers()}, then drop it here.`);
}

/** @param {string} text */
function emptyPlace(text) {
  const parsed = understood(text);
  const taken = parsed?.args.filter((arg) => arg.picked).map((arg) => arg.option) ?? [];
  return parsed?.command.options.find((one) => isFile(one) && !taken.includes(one));
}

/** @param {Option} option */
const isFile = (option) => option.type === KIND.ATTACHMENT;

function takers() {
  const names = available()
    .filter((command) => command.options.some(isFile))
    .map((command) => `/${command.full}`);
  return names.length ? ` (${names.join(", ")})` : "";
}
