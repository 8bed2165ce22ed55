// The person's own files: chooses them, and uploads them to the sandbox before a command or form
// names them.
import { api } from "./api.js";
import { h } from "./dom.js";
import { store } from "./store.js";
import { attempt } from "./toast.js";

/** @typedef {{ id: string, name: string }} Taken A file that the sandbox holds for us. */

/**
 * Let the person choose up to `most` files and upload them; then call `done([{id, name}])`.
 * @param {number} most
 * @param {(taken: Taken[]) => void} done
 */
export function pickFiles(most, done) {
  document.querySelector("#picker")?.remove();
  const picker = h("input", {
    type: "file",
    id: "picker",
    multiple: most > 1,
    hidden: true,
    onchange: () => {
      picker.remove();
      bringFiles([...(picker.files ?? [])].slice(0, most), done);
    },
  });
  document.body.append(picker);
  picker.click();
}

/**
 * Upload dropped files; if all succeed, call `done([{id, name}])`.
 * @param {File[]} files
 * @param {(taken: Taken[]) => void} done
 */
export async function bringFiles(files, done) {
  const taken = await Promise.all(files.map((file) => attempt(bring(file))));
  const whole = taken.flatMap((one) => one ?? []);
  if (whole.length && whole.length === files.length) done(whole);
}

/**
 * @param {File} file
 * @returns {Promise<Taken>}
 */
const bring = (file) =>
  api.upload({ persona: store.persona, channel: store.active, name: file.name }, file);
