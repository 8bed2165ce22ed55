// Forms that the bot opens (modals), as dialog elements.
/** @import { Part } from "./types.js" */
import { api, newNonce } from "./api.js";
import { avatar } from "./avatar.js";
import { findAll, h, iconButton } from "./dom.js";
import { field } from "./fields.js";
import { icon } from "./icons.js";
import { expectAnswer } from "./interactions.js";
import { on, store } from "./store.js";
import { errorText } from "./toast.js";

const ROW = 1;

/** Open a dialog whenever the bot asks for one. */
export function startDialogs() {
  on("modal", openModal);
}

/**
 * @typedef {{
 *   interaction_id: string, title: string, custom_id: string, components?: Part[],
 * }} Modal
 * @typedef {ReturnType<typeof field>} Entry
 */

/** @param {Modal} modal */
function openModal(modal) {
  const entries = (modal.components ?? [])
    .flatMap((part) => (part.type === ROW ? (part.components ?? []) : [part]))
    .map(field);
  const errorLine = h("p", { class: "failed", role: "alert", hidden: true });
  const dialog = h("dialog", {
    class: "sheet",
    "aria-label": modal.title,
    dataset: { modal: modal.custom_id },
  });
  /** @param {SubmitEvent} event */
  const onsubmit = async (event) => {
    event.preventDefault();
    if (entries.map((one) => one.check?.() ?? true).includes(false)) return;
    const problem = await send(modal, entries);
    if (!problem) return dialog.close();
    errorLine.textContent = problem;
    errorLine.hidden = false;
  };
  const closeDialog = () => dialog.close();
  dialog.append(
    h(
      "form",
      { novalidate: true, onsubmit },
      header(modal.title, closeDialog),
      h(
        "div",
        { class: "fill" },
        entries.map((one) => one.node),
        errorLine,
      ),
      h(
        "p",
        { class: "note" },
        `This form goes to ${store.bot.name}. It never asks for a password.`,
      ),
      footer(closeDialog),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  findAll(dialog, "input, textarea, .select", HTMLElement)[0]?.focus();
}

/**
 * Submit a form; return the reason if the sandbox refuses it, else null.
 * @param {Modal} modal
 * @param {Entry[]} entries
 */
async function send({ title, interaction_id, custom_id }, entries) {
  const fields = Object.fromEntries(
    entries.flatMap((one) => (one.customId ? [[one.customId, one.value?.()]] : [])),
  );
  const nonce = newNonce();
  try {
    expectAnswer(nonce, { kind: "command", name: title, slash: false, channel: store.active });
    await api.modal({ persona: store.persona, interaction_id, custom_id, fields, nonce });
    return null;
  } catch (error) {
    return errorText(error);
  }
}

/**
 * @param {string} title
 * @param {() => void} closeDialog
 */
const header = (title, closeDialog) =>
  h(
    "header",
    {},
    avatar(store.bot, 32),
    h("h2", {}, title),
    iconButton(icon("close"), "Close", closeDialog),
  );

/** @param {() => void} closeDialog */
const footer = (closeDialog) =>
  h(
    "footer",
    {},
    h("button", { type: "button", class: "button plain", onclick: closeDialog }, "Cancel"),
    h("button", { type: "submit", class: "button primary" }, "Submit"),
  );
