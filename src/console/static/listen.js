/**
 * Both sides of a call in the browser of a supervisor: µ-law over a socket to the node that has the call, played as it
 * comes. The caller's side is bounded to what a network may jumble, the assistant's to what the carrier is handed ahead.
 */
const RATE = 8_000;
const SECOND = 1;
/** The first sound waits so long, so that what comes unevenly is heard evenly; what is further ahead is left out. */
const BOUNDS = {
  caller: { jitterS: 0.12, aheadS: 0.5 * SECOND },
  assistant: { jitterS: 0.06, aheadS: 8 * SECOND },
};
const SIDES = ['caller', 'assistant'];
const AGAIN_MS = 1_500;
/** The call may be elsewhere for as long as somebody talks with the staff. */
const AGAIN_MAX = 400;
const LEVEL_MS = 100;
const CODES = { over: 4000, renew: 4001, absent: 4404, full: 4429 };
const WORDS = {
  connecting: 'Looking for the call …',
  listening: 'You hear both sides. Neither hears you.',
  waiting: 'Aida does not have the call now. You hear it again when it is back.',
  ended: 'The call has ended.',
  full: 'Too many people listen already.',
  failed: 'The call cannot be heard from here. Please try again.',
  idle: 'You have stopped listening.',
};

/** µ-law byte → sample, -1 to 1 (ITU-T G.711). */
const SAMPLES = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const magnitude = (((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4);
  return (code & 0x80 ? 0x84 - magnitude : magnitude - 0x84) / 0x8000;
});

/** One side of the call: what comes is played in order, gaplessly where it is there in time. */
class Track {
  constructor(context, pan, { jitterS, aheadS }) {
    this.context = context;
    this.jitterS = jitterS;
    this.aheadS = aheadS;
    this.endsAt = 0;
    this.level = 0;
    this.bytes = 0;
    this.leftOut = 0;
    this.playing = new Set();
    this.output = new StereoPannerNode(context, { pan });
    this.output.connect(context.destination);
  }

  push(ulaw) {
    this.bytes += ulaw.length;
    const { context, aheadS, jitterS } = this;
    const now = context.currentTime;
    if (this.endsAt - now > aheadS) {
      this.leftOut += ulaw.length;
      return;
    }
    const buffer = context.createBuffer(1, ulaw.length, RATE);
    const samples = buffer.getChannelData(0);
    let sum = 0;
    for (let at = 0; at < ulaw.length; at += 1) {
      samples[at] = SAMPLES[ulaw[at]];
      sum += samples[at] * samples[at];
    }
    this.level = Math.max(this.level, Math.min(1, 4 * Math.sqrt(sum / ulaw.length)));
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(this.output);
    source.onended = () => this.playing.delete(source);
    const startsAt = this.endsAt > now ? this.endsAt : now + jitterS;
    source.start(startsAt);
    this.playing.add(source);
    this.endsAt = startsAt + buffer.duration;
  }

  /** What was not heard so far is not heard. */
  clear() {
    for (const source of this.playing) source.stop();
    this.playing.clear();
    this.endsAt = 0;
  }
}

class Listening {
  constructor(root) {
    this.root = root;
    this.words = root.querySelector('#listen-words');
    this.levels = root.querySelector('#listen-levels');
    this.startButton = root.querySelector('#listen-start');
    this.stopButton = root.querySelector('#listen-stop');
    this.tries = 0;
    this.startButton.hidden = false;
    this.startButton.addEventListener('click', () => this.start());
    this.stopButton.addEventListener('click', () => this.stop('idle'));
  }

  start() {
    // Only a click may make a sound.
    this.context = new AudioContext({ sampleRate: RATE });
    this.tracks = {
      caller: new Track(this.context, -0.35, BOUNDS.caller),
      assistant: new Track(this.context, 0.35, BOUNDS.assistant),
    };
    this.tries = 0;
    this.meter = setInterval(() => this.show(), LEVEL_MS);
    this.stopButton.hidden = false;
    this.startButton.hidden = true;
    this.levels.hidden = false;
    this.stopButton.focus();
    void this.connect();
  }

  stop(state) {
    clearTimeout(this.again);
    clearInterval(this.meter);
    this.socket?.close();
    this.socket = null;
    void this.context?.close();
    this.context = null;
    const hadFocus = this.stopButton.contains(document.activeElement);
    this.stopButton.hidden = true;
    this.startButton.hidden = false;
    this.levels.hidden = true;
    if (hadFocus) this.startButton.focus();
    this.say(state);
  }

  say(state) {
    this.root.dataset.state = state;
    if (this.words.textContent !== WORDS[state]) this.words.textContent = WORDS[state];
  }

  async connect() {
    if (this.root.dataset.state !== 'waiting') this.say('connecting');
    const { context } = this;
    const { isGiven, why, address, token } = await this.ask();
    // Stopped meanwhile, or begun anew.
    if (this.context !== context || context === null) return;
    if (isGiven) return this.open(address, token);
    if (why === 'unanswered') return this.comeAgain('failed');
    if (why === 'elsewhere') return this.comeAgain('waiting');
    return this.stop(why === 'ended' || why === 'unknown' ? 'ended' : 'failed');
  }

  /** Where the call is heard and what opens it, or why it cannot be. Never rejects. */
  async ask() {
    try {
      const headers = JSON.parse(document.body.getAttribute('hx-headers') ?? '{}');
      const response = await fetch(this.root.dataset.action, { method: 'POST', headers });
      const isJson = response.headers.get('content-type')?.startsWith('application/json');
      return { isGiven: response.ok && isJson, ...(isJson && (await response.json())) };
    } catch {
      return { isGiven: false, why: 'unanswered' };
    }
  }

  open(address, token) {
    const url = new URL(address === '' ? '/listen' : address, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.addEventListener('open', () => {
      socket.send(token);
      this.say('listening');
    });
    socket.addEventListener('message', ({ data }) => this.heard(data));
    socket.addEventListener('close', ({ code }) => {
      if (this.socket === socket) this.closed(code);
    });
  }

  heard(data) {
    if (this.context === null) return;
    this.tries = 0;
    if (typeof data === 'string') {
      const { event, frames } = JSON.parse(data);
      if (event === 'clear') this.tracks.assistant.clear();
      else if (event === 'dropped') this.root.dataset.dropped = String(Number(this.root.dataset.dropped ?? 0) + frames);
      return;
    }
    const bytes = new Uint8Array(data);
    this.tracks[SIDES[bytes[0]]]?.push(bytes.subarray(1));
  }

  closed(code) {
    this.socket = null;
    document.body.dispatchEvent(new CustomEvent('supervision:look'));
    if (code === CODES.renew) return void this.connect();
    if (code === CODES.full) return this.stop('full');
    this.comeAgain(code === CODES.over || code === CODES.absent ? 'waiting' : 'failed');
  }

  /** The call may be back, perhaps at another node. */
  comeAgain(state) {
    this.tries += 1;
    if (this.tries > (state === 'failed' ? 3 : AGAIN_MAX)) return this.stop('failed');
    this.say(state === 'failed' ? 'connecting' : state);
    this.again = setTimeout(() => this.connect(), AGAIN_MS);
  }

  show() {
    for (const side of SIDES) {
      const track = this.tracks[side];
      this.root.querySelector(`#listen-${side}`).value = track.level;
      this.root.dataset[side] = String(track.bytes);
      track.level = 0;
    }
  }
}

let listening = null;

/** The panel may come later than the page, and go with what htmx puts in its place. */
function find() {
  const root = document.getElementById('listen');
  if (root === (listening?.root ?? null)) return;
  if (listening?.context) listening.stop('idle');
  listening = root && new Listening(root);
}

find();
document.addEventListener('htmx:afterSettle', find);
window.addEventListener('pagehide', () => listening?.context && listening.stop('idle'));
