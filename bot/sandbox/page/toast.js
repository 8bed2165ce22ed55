// A short notice that goes away by itself.
import { byId, h } from "./dom.js";

/** Say something at the bottom of the page for a few seconds. */
export function toast(text, bad = false) {
  const element = h("div", { class: bad ? "toast bad" : "toast" }, text);
  byId("toasts").append(element);
  setTimeout(() => element.remove(), 2500 + text.length * 45);
}

/** Do something that the sandbox may refuse; its refusal becomes a notice. */
export async function attempt(promise) {
  try {
    return await promise;
  } catch (error) {
    toast(error.message, true);
    return null;
  }
}

/** Put a text on the clipboard, or show it where there is none. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    toast(text);
  }
}
