// The stream of events from the sandbox. Reconnects by itself, and says when it is away.

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5000;

export class Stream {
  /** `heard(type, data)` for each event; `changed(open, again)` when the line opens or breaks. */
  constructor(heard, changed) {
    this.heard = heard;
    this.changed = changed;
    this.socket = null;
    this.timer = 0;
    this.pause_ms = FIRST_PAUSE_MS;
    this.persona = null;
    this.openedBefore = false;
  }

  /** Listen as this persona from now on. */
  open(persona) {
    this.close();
    this.persona = persona;
    this.openedBefore = false;
    this.dial();
  }

  close() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  dial() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(
      `${scheme}://${location.host}/page/ws?persona=${encodeURIComponent(this.persona)}`,
    );
    this.socket = socket;
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.pause_ms = FIRST_PAUSE_MS;
      this.changed(true, this.openedBefore);
      this.openedBefore = true;
    };
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      const { t, d } = JSON.parse(event.data);
      this.heard(t, d);
    };
    socket.onclose = () => {
      if (socket !== this.socket) return;
      this.changed(false, this.openedBefore);
      this.timer = setTimeout(() => this.dial(), this.pause_ms);
      this.pause_ms = Math.min(this.pause_ms * 1.7, LONGEST_PAUSE_MS);
    };
  }
}
