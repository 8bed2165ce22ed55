// A short notice that disappears by itself.
import { byId, h } from "./dom.js";

/**
 * Show a text at the bottom of the page for a few seconds.
 * @param {string} text
 * @param {boolean} [bad]
 */
export function showToast(text, bad = false) {
  const element = h("div", { class: bad ? "toast bad" : "toast" }, text);
  byId("toasts").append(element);
  setTimeout(() => element.remove(), 2500 + text.length * 45);
}

/**
 * The text of an error, for a person.
 * @param {unknown} error
 */
export const errorText = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Await a call that the sandbox may refuse; show a refusal as a notice and return null.
 * @template T
 * @param {Promise<T>} promise
 */
export async function attempt(promise) {
  try {
    return await promise;
  } catch (error) {
    showToast(errorText(error), true);
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
    showToast("Copied.");
  } catch {
    showToast(text);
  }
}
