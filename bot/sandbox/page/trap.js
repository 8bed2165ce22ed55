// Traps the keyboard focus in a drawer that covers the page on narrow screens.
import { all } from "./dom.js";

const COVERED = "#app > :not(#scrim), .skip";
const FOCUSABLE = "a[href], button:not(:disabled), input:not(:disabled), select, textarea, [tabindex]";

/**
 * Keep the focus inside `drawer`; call the returned function to release it. The focus returns to
 * where it was, or to `home` if that is gone.
 * @param {HTMLElement} drawer stands beside what it covers
 * @param {() => HTMLElement | null} home
 */
export function trap(drawer, home) {
  const before = document.activeElement;
  const covered = all(document, COVERED, HTMLElement).filter((one) => one !== drawer);
  for (const one of covered) one.inert = true;
  /** @param {KeyboardEvent} event */
  const goRound = (event) => {
    if (event.key !== "Tab") return;
    const inside = all(drawer, FOCUSABLE, HTMLElement).filter(canBeReached);
    const [from, to] = event.shiftKey ? [inside[0], inside.at(-1)] : [inside.at(-1), inside[0]];
    if (document.activeElement !== from) return;
    event.preventDefault();
    to?.focus();
  };
  drawer.addEventListener("keydown", goRound);
  return () => {
    drawer.removeEventListener("keydown", goRound);
    for (const one of covered) one.inert = false;
    const there = before instanceof HTMLElement && before.isConnected && canBeReached(before);
    (there ? before : home())?.focus();
  };
}

/** @param {HTMLElement} one */
const canBeReached = (one) => one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true });
