// Lets a person choose files, and uploads them to the sandbox before a command or form names them.
import { api } from "./api.js";
import { h } from "./dom.js";
import { store } from "./store.js";
import { attempt } from "./toast.js";

/** @typedef {{ id: string, name: string }} UploadedFile A file that the sandbox holds. */

/**
 * Let the person choose up to `maxCount` files, upload them, and call `onUploaded([{id, name}])`.
 * @param {number} maxCount
 * @param {(taken: UploadedFile[]) => void} onUploaded
 */
export function pickFiles(maxCount, onUploaded) {
  document.querySelector("#picker")?.remove();
  const picker = h("input", {
    type: "file",
    id: "picker",
    multiple: maxCount > 1,
    hidden: true,
    onchange: () => {
      picker.remove();
      uploadFiles([...(picker.files ?? [])].slice(0, maxCount), onUploaded);
    },
  });
  document.body.append(picker);
  picker.click();
}

/**
 * Upload dropped files; if all succeed, call `onUploaded([{id, name}])`.
 * @param {File[]} files
 * @param {(taken: UploadedFile[]) => void} onUploaded
 */
export async function uploadFiles(files, onUploaded) {
  const results = await Promise.all(files.map((file) => attempt(upload(file))));
  const uploaded = results.flatMap((one) => one ?? []);
  if (uploaded.length && uploaded.length === files.length) onUploaded(uploaded);
}

/**
 * @param {File} file
 * @returns {Promise<UploadedFile>}
 */
const upload = (file) =>
  api.upload({ persona: store.persona, channel: store.active, name: file.name }, file);
