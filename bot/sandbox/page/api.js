// Talking to the sandbox: one function for each thing that a person can do on the page.

/** What the sandbox answered instead of doing it. */
export class ApiError extends Error {}

const call = (method, path, body) =>
  send(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

async function send(path, request) {
  let response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new ApiError("The local Discord does not answer. Is it still running?");
  }
  const answer = await response.json().catch(() => null);
  const said = answer?.error ?? answer?.message;
  if (!response.ok || answer?.error)
    throw new ApiError(typeof said === "string" ? said : `That did not work (${response.status}).`);
  return answer;
}

const query = (values) =>
  new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();

export const api = {
  state: (persona) => call("GET", `/page/state?${query({ persona })}`),
  messages: (channel, persona) =>
    call("GET", `/page/messages?${query({ channel, persona, limit: 100 })}`),
  violations: () => call("GET", "/page/violations"),
  command: (body) => call("POST", "/page/command", body),
  context: (body) => call("POST", "/page/context", body),
  autocomplete: (body) => call("POST", "/page/autocomplete", body),
  component: (body) => call("POST", "/page/component", body),
  modal: (body) => call("POST", "/page/modal", body),
  upload: (about, file) =>
    send(`/page/upload?${query(about)}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: file,
    }),
  react: (body) => call("PUT", "/page/reaction", body),
  unreact: (body) => call("DELETE", "/page/reaction", body),
  say: (body) => call("POST", "/page/message", body),
  erase: (body) => call("DELETE", "/page/message", body),
  language: (body) => call("POST", "/page/language", body),
  weather: (body) => call("POST", "/page/weather", body),
  fans: (body) => call("POST", "/page/fans", body),
  bot: (action) => call("POST", "/page/bot", { action }),
};

/** A name for one interaction, by which its events are recognised. */
export function newNonce() {
  const parts = crypto.getRandomValues(new Uint32Array(2));
  return `${Date.now()}${parts[0] % 1000}${parts[1] % 1000}`;
}
