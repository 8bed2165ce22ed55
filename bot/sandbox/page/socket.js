// The stream of events from the sandbox. Reconnects by itself, and reports a broken connection.

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5000;

export class Stream {
  /**
   * @param {(type: string, data: any) => void} onEvent for each event
   * @param {(isOpen: boolean, wasOpen: boolean) => void} onChange when the connection opens or
   *   breaks; `wasOpen`: whether it was open before for this persona
   */
  constructor(onEvent, onChange) {
    this.onEvent = onEvent;
    this.onChange = onChange;
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
    this.connect();
  }

  close() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(
      `${scheme}://${location.host}/page/ws?persona=${encodeURIComponent(this.persona)}`,
    );
    this.socket = socket;
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.pause_ms = FIRST_PAUSE_MS;
      this.onChange(true, this.openedBefore);
      this.openedBefore = true;
    };
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      const { t, d } = JSON.parse(event.data);
      this.onEvent(t, d);
    };
    socket.onclose = () => {
      if (socket !== this.socket) return;
      this.onChange(false, this.openedBefore);
      this.timer = setTimeout(() => this.connect(), this.pause_ms);
      this.pause_ms = Math.min(this.pause_ms * 1.7, LONGEST_PAUSE_MS);
    };
  }
}
