// Attaches files to an option of the command in the message box: by a file dialog or by dropping.
/** @import { Callable, Option } from "./types.js" */
/** @import { UploadedFile } from "./picker.js" */
import { availableCommands, parseDraft } from "./draft.js";
import { uploadFiles, pickFiles } from "./picker.js";
import { KIND } from "./slash.js";

/**
 * @typedef {{
 *   text: () => string, insertFile: (option: Option, file: UploadedFile) => void,
 *   showProblem: (text: string) => void,
 * }} MessageBox The box that takes the file.
 */

/** @type {MessageBox} */
let messageBox;

/**
 * Accept files dropped on the form.
 * @param {HTMLElement} form
 * @param {MessageBox} target
 */
export function startAttaching(form, target) {
  messageBox = target;
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", handleDrop);
}

/**
 * Let the person choose a file for an option.
 * @param {Option} option
 */
export function chooseFile(option) {
  pickFiles(1, ([file]) => messageBox.insertFile(option, file));
}

/**
 * Put a dropped file into the command's first empty file option.
 * @param {DragEvent} event
 */
function handleDrop(event) {
  const [dropped] = event.dataTransfer?.files ?? [];
  if (!dropped) return;
  event.preventDefault();
  const option = emptyFileOption(messageBox.text());
  if (option) uploadFiles([dropped], ([uploaded]) => messageBox.insertFile(option, uploaded));
  else
    messageBox.showProblem(
      `Type a command that takes a file first${fileCommandsHint()}, then drop it here.`,
    );
}

/** @param {string} text */
function emptyFileOption(text) {
  const parsed = parseDraft(text);
  const filledOptions = parsed?.args.filter((arg) => arg.picked).map((arg) => arg.option) ?? [];
  return parsed?.command.options.find((one) => isFile(one) && !filledOptions.includes(one));
}

/** @param {Option} option */
const isFile = (option) => option.type === KIND.ATTACHMENT;

function fileCommandsHint() {
  const names = availableCommands()
    .filter((command) => command.options.some(isFile))
    .map((command) => `/${command.full}`);
  return names.length ? ` (${names.join(", ")})` : "";
}
