// Forms that the bot opens (modals), as real dialogs.
import { api, newNonce } from "./api.js";
import { avatar } from "./avatar.js";
import { h, iconButton } from "./dom.js";
import { field } from "./fields.js";
import { icon } from "./icons.js";
import { expect } from "./interactions.js";
import { on, store } from "./store.js";

const ROW = 1;

/** Open a dialog whenever the bot asks for one. */
export function startDialogs() {
  on("modal", openModal);
}

function openModal({ interaction_id: interaction, title, custom_id: customId, components }) {
  const entries = (components ?? [])
    .flatMap((part) => (part.type === ROW ? part.components : [part]))
    .map(field);
  const wrong = h("p", { class: "failed", role: "alert", hidden: true });
  const dialog = h("dialog", { class: "sheet", "aria-label": title, dataset: { modal: customId } });
  const submit = async (event) => {
    event.preventDefault();
    if (entries.map((one) => one.check?.() ?? true).includes(false)) return;
    const fields = Object.fromEntries(
      entries.filter((one) => one.customId).map((one) => [one.customId, one.value()]),
    );
    const nonce = newNonce();
    try {
      expect(nonce, { kind: "command", name: title, slash: false, channel: store.active });
      await api.modal({
        persona: store.persona,
        interaction_id: interaction,
        custom_id: customId,
        fields,
        nonce,
      });
      dialog.close();
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
    }
  };
  dialog.append(
    h(
      "form",
      { novalidate: true, onsubmit: submit },
      h(
        "header",
        {},
        avatar(store.bot, 32),
        h("h2", {}, title),
        iconButton(icon("close"), "Close", () => dialog.close()),
      ),
      h(
        "div",
        { class: "fill" },
        entries.map((one) => one.node),
        wrong,
      ),
      h(
        "p",
        { class: "note" },
        `This form goes to ${store.bot.name}. It never asks for a password.`,
      ),
      h(
        "footer",
        {},
        h(
          "button",
          { type: "button", class: "button plain", onclick: () => dialog.close() },
          "Cancel",
        ),
        h("button", { type: "submit", class: "button primary" }, "Submit"),
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("input, textarea, .select")?.focus();
}
