// Calls to the sandbox: one function for each action of a person on the page.

/** @typedef {Record<string, unknown>} Body */

/** The sandbox refused; the message says why. */
export class ApiError extends Error {}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
const call = (method, path, body) =>
  send(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

/**
 * @param {string} path
 * @param {RequestInit} request
 * @returns {Promise<any>}
 */
async function send(path, request) {
  let response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new ApiError("The local Discord does not answer. Is it still running?");
  }
  const answer = await response.json().catch(() => null);
  const problem = answer?.error ?? answer?.message;
  if (!response.ok || answer?.error)
    throw new ApiError(
      typeof problem === "string" ? problem : `That did not work (${response.status}).`,
    );
  return answer;
}

/** @param {Record<string, any>} values */
const query = (values) =>
  new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();

export const api = {
  /** @param {string | null} persona */
  state: (persona) => call("GET", `/page/state?${query({ persona })}`),
  /** @param {string} channel @param {string | null} persona */
  messages: (channel, persona) =>
    call("GET", `/page/messages?${query({ channel, persona, limit: 100 })}`),
  violations: () => call("GET", "/page/violations"),
  /** @param {Body} body */
  command: (body) => call("POST", "/page/command", body),
  /** @param {Body} body */
  context: (body) => call("POST", "/page/context", body),
  /** @param {Body} body */
  autocomplete: (body) => call("POST", "/page/autocomplete", body),
  /** @param {Body} body */
  component: (body) => call("POST", "/page/component", body),
  /** @param {Body} body */
  modal: (body) => call("POST", "/page/modal", body),
  /** @param {Record<string, any>} about @param {Blob} file */
  upload: (about, file) =>
    send(`/page/upload?${query(about)}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: file,
    }),
  /** @param {Body} body */
  react: (body) => call("PUT", "/page/reaction", body),
  /** @param {Body} body */
  unreact: (body) => call("DELETE", "/page/reaction", body),
  /** @param {Body} body */
  sendMessage: (body) => call("POST", "/page/message", body),
  /** @param {Body} body */
  deleteMessage: (body) => call("DELETE", "/page/message", body),
  /** @param {Body} body */
  setLanguage: (body) => call("POST", "/page/language", body),
  /** @param {Body} body */
  weather: (body) => call("POST", "/page/weather", body),
  /** @param {Body} body */
  fans: (body) => call("POST", "/page/fans", body),
  /** @param {string} action */
  bot: (action) => call("POST", "/page/bot", { action }),
};

/** A nonce for one interaction, which identifies its events. */
export function newNonce() {
  const parts = crypto.getRandomValues(new Uint32Array(2));
  return `${Date.now()}${parts[0] % 1000}${parts[1] % 1000}`;
}
