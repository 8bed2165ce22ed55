// Files of one's own: choosing them, and bringing them to the sandbox before a command or form names
// them.
import { api } from "./api.js";
import { h } from "./dom.js";
import { store } from "./store.js";
import { attempt } from "./toast.js";

/** Let the person choose up to `most` files and bring them over; `done([{id, name}])` then. */
export function pickFiles(most, done) {
  document.querySelector("#picker")?.remove();
  const picker = h("input", {
    type: "file",
    id: "picker",
    multiple: most > 1,
    hidden: true,
    onchange: () => {
      picker.remove();
      bringFiles([...picker.files].slice(0, most), done);
    },
  });
  document.body.append(picker);
  picker.click();
}

/** Bring files over that the person let go of here; `done([{id, name}])` then, if all came. */
export async function bringFiles(files, done) {
  const taken = await Promise.all(files.map((file) => attempt(bring(file))));
  if (taken.every(Boolean) && taken.length) done(taken);
}

const bring = (file) =>
  api.upload({ persona: store.persona, channel: store.active, name: file.name }, file);
