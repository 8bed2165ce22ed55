// The stream of events from the sandbox. Reconnects by itself, and reports when it is offline.

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5000;

export class Stream {
  /**
   * @param {(type: string, data: any) => void} heard for each event
   * @param {(open: boolean, again: boolean) => void} changed when the connection opens or breaks
   */
  constructor(heard, changed) {
    this.heard = heard;
    this.changed = changed;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.pause_ms = FIRST_PAUSE_MS;
    this.persona = "";
    this.openedBefore = false;
  }

  /**
   * Listen as this persona.
   * @param {string} persona
   */
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
