// What the drawer says of the requests that break Discord's own rules. Touches no element: weather.js
// shows it.
/**
 * @typedef {object} Findings
 * @property {number} count Requests that break the rules.
 * @property {boolean} hasDescription Whether the sandbox has Discord's description to compare with.
 * @property {boolean} reachable Whether the sandbox answered.
 */

/**
 * Changes whenever what is shown must be drawn again.
 * @param {Findings} findings
 */
export const findingsKey = ({ count, hasDescription, reachable }) =>
  JSON.stringify([count, hasDescription, reachable]);

/** @param {Findings} findings */
export function findingsText({ count, hasDescription, reachable }) {
  if (!reachable) return "Not known: the sandbox did not answer.";
  if (count)
    return `${count} ${count === 1 ? "request breaks" : "requests break"} Discord's OpenAPI description.`;
  return hasDescription
    ? "Every request so far fits Discord's OpenAPI description."
    : "Not checked: DISCORD_OPENAPI names no copy of Discord's OpenAPI description.";
}
