/** What the page shows, and what is pressed on it. */

const LEVEL_DB_MIN = -60;
/** Callers begin to wonder. */
const LONG_MS = 1500;
const LOG_ENTRIES_MAX = 500;
const NAMES = { caller: 'You', assistant: 'Aida', words: 'Voice', tool: 'Tool', note: '' };

const byId = (id) => document.getElementById(id);
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
const decibels = (level) => Math.max(LEVEL_DB_MIN, 20 * Math.log10(level + 1e-6));
const clock = (ms) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}`;

export class PhoneView {
  #items = new Map();
  #silences = [];
  #callSid = '';
  #keys = byId('keys');

  constructor(root) {
    this.root = root;
  }

  on({ call, hangUp, mute, say, press }) {
    byId('call').addEventListener('click', call);
    byId('hang-up').addEventListener('click', hangUp);
    byId('mute').addEventListener('click', () => {
      const muted = byId('mute').getAttribute('aria-pressed') !== 'true';
      byId('mute').setAttribute('aria-pressed', String(muted));
      byId('mute').textContent = muted ? 'Unmute' : 'Mute';
      mute(muted);
    });
    byId('typed').addEventListener('submit', (event) => {
      event.preventDefault();
      const text = byId('words').value.trim();
      if (text === '') return;
      byId('words').value = '';
      say(text);
    });
    this.#keys.addEventListener('click', ({ target }) => {
      if (target.dataset.key) press(target.dataset.key);
    });
  }

  calling() {
    this.#items.clear();
    this.#silences = [];
    for (const id of ['log', 'turns']) byId(id).replaceChildren();
    for (const id of ['first-word', 'median', 'longest']) byId(id).textContent = '–';
    byId('trouble').hidden = true;
    this.#state('Calling …');
    this.#live(true);
    byId('hang-up').focus();
  }

  over(state, trouble) {
    this.#live(false);
    if (state !== '' || trouble !== '') this.#state(trouble === '' ? state : 'No call.');
    byId('trouble').textContent = trouble;
    byId('trouble').hidden = trouble === '';
    this.levels(0, 0, null);
    byId('call').focus();
  }

  levels(mouth, ear, lastsMs) {
    byId('mouth').value = decibels(mouth);
    byId('ear').value = decibels(ear);
    if (lastsMs !== null) byId('time').textContent = clock(lastsMs);
  }

  firstWord(ms) {
    byId('first-word').textContent = seconds(ms);
  }

  answered(silenceMs) {
    this.#silences.push(silenceMs);
    const item = document.createElement('li');
    item.textContent = seconds(silenceMs);
    item.classList.toggle('long', silenceMs > LONG_MS);
    byId('turns').append(item);
    byId('turns-empty').hidden = true;
    const sorted = this.#silences.toSorted((left, right) => left - right);
    byId('median').textContent = seconds(sorted[Math.floor(sorted.length / 2)]);
    byId('longest').textContent = seconds(sorted.at(-1));
  }

  note(text) {
    this.#entry('note', text);
  }

  /** A signal of the line. */
  tell(signal) {
    if (signal.line === 'ringing') {
      this.#callSid = signal.callSid;
      this.#state(`Ringing ${signal.to} …`);
    }
    if (signal.line === 'answered') this.#state('Answered.');
    if (signal.line === 'stream') this.#state('Aida listens.');
    if (signal.line === 'note') this.note(signal.text);
    if (signal.line === 'words') this.#entry('words', signal.text);
    if (signal.line === 'tool') this.#entry('tool', `Looks something up: ${signal.name}`);
    if (signal.line === 'speechFailed') this.note(`This could not be spoken: “${signal.text}”`);
    if (signal.line === 'said') this.#said(signal);
    if (signal.line === 'heard') this.#heard(signal);
    if (signal.line === 'ended') this.#ended(signal.why);
    if (signal.line === 'keys') {
      this.#keys.classList.toggle('wanted', signal.wanted);
      if (signal.wanted) this.#state('A key is waited for.');
    }
  }

  #ended(why) {
    const link = document.createElement('a');
    link.href = `/admin/calls/${this.#callSid}`;
    link.textContent = 'What is known of the call';
    this.#entry('note', why).append(' ', link);
  }

  #said({ who, itemId, text }) {
    this.#items.set(itemId, this.#entry(who, text === '' ? '(not understood)' : text));
  }

  #heard({ itemId, text, cut }) {
    const said = this.#items.get(itemId) ?? this.#entry('assistant', text);
    this.#items.set(itemId, said);
    if (!cut) return;
    const cutHere = document.createElement('span');
    cutHere.className = 'muted';
    cutHere.textContent = text === '' ? 'not heard' : ' – interrupted here';
    said.replaceChildren(text, cutHere);
  }

  #entry(kind, text) {
    const item = document.createElement('li');
    item.className = kind;
    const who = document.createElement('span');
    who.className = 'by';
    who.textContent = NAMES[kind];
    const words = document.createElement('span');
    words.textContent = text;
    item.append(who, words);
    const log = byId('log');
    log.append(item);
    while (log.children.length > LOG_ENTRIES_MAX) log.firstChild.remove();
    byId('log-frame').scrollTop = log.scrollHeight;
    byId('log-empty').hidden = true;
    return words;
  }

  #state(text) {
    byId('state').textContent = text;
  }

  #live(isLive) {
    byId('call').hidden = isLive;
    byId('hang-up').hidden = !isLive;
    for (const id of ['mute', 'words', 'say', 'keys']) byId(id).disabled = !isLive;
    byId('clean').disabled = isLive;
    byId('mute').setAttribute('aria-pressed', 'false');
    byId('mute').textContent = 'Mute';
    if (!isLive) this.#keys.classList.remove('wanted');
  }
}
