// A short notice that disappears by itself.
import { byId, h } from "./dom.js";

/**
 * Show a text at the bottom of the page for a few seconds.
 * @param {string} text
 * @param {boolean} [bad]
 */
export function toast(text, bad = false) {
  const element = h("div", { class: bad ? "toast bad" : "toast" }, text);
  byId("toasts").append(element);
  setTimeout(() => element.remove(), 2500 + text.length * 45);
}

/**
 * An error's text for a person.
 * @param {unknown} error
 */
export const said = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Do something that the sandbox may refuse; show a refusal as a notice.
 * @template T
 * @param {Promise<T>} promise
 */
export async function attempt(promise) {
  try {
    return await promise;
  } catch (error) {
    toast(said(error), true);
    return null;
  }
}

/**
 * Copy a text to the clipboard, or show it if there is none.
 * @param {string} text
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    toast(text);
  }
}
