/**
 * Plays a call as it was: the line moves over the score and turns are marked as they are heard. With a recording its
 * sound leads; without one the browser's own voices read what was said, where it has any.
 */
const byId = (id) => document.getElementById(id);
const FRAME_MS = 100;
const SILENT_PACE = 8;

let atMs = 0;
let startedAt = 0;
let isPlaying = false;
let timer = 0;
let spoken = new Set();

const pace = () => Number(byId('pace').value);
const sound = () => byId('sound');
const offsetMs = () => Number(byId('player').dataset.streamFrom);

function clock(ms) {
  const s = Math.floor(ms / 1_000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}

function show() {
  const { left, perSecond } = byId('player').dataset;
  const x = Number(left) + (atMs / 1_000) * Number(perSecond);
  const head = byId('playhead');
  head.setAttribute('x1', x);
  head.setAttribute('x2', x);
  byId('played').textContent = clock(atMs);
  const scroll = byId('score-scroll');
  if (isPlaying && (x < scroll.scrollLeft || x > scroll.scrollLeft + scroll.clientWidth - 40))
    scroll.scrollLeft = x - 80;
  for (const line of document.querySelectorAll('#transcript > [data-from]')) {
    const isNow = isPlaying && Number(line.dataset.from) <= atMs && atMs < Number(line.dataset.to);
    if (line.classList.contains('now') === isNow) continue;
    line.classList.toggle('now', isNow);
    if (isNow) line.scrollIntoView({ block: 'nearest' });
    if (isNow && !sound()) say(line);
  }
}

function say(line) {
  if (!window.speechSynthesis || pace() >= SILENT_PACE || spoken.has(line.id)) return;
  spoken.add(line.id);
  const words = new SpeechSynthesisUtterance(line.querySelector('.said').firstChild.textContent);
  words.rate = pace();
  words.pitch = line.classList.contains('caller') ? 0.8 : 1.2;
  window.speechSynthesis.speak(words);
}

function step() {
  const now = performance.now();
  if (sound() && !sound().paused) atMs = offsetMs() + sound().currentTime * 1_000;
  else atMs += (now - startedAt) * pace();
  startedAt = now;
  if (atMs >= Number(byId('player').dataset.lasts)) {
    stop();
    atMs = 0;
  }
  show();
}

function play() {
  isPlaying = true;
  startedAt = performance.now();
  spoken = new Set();
  byId('play').textContent = 'Pause';
  clearInterval(timer);
  timer = setInterval(step, FRAME_MS);
  const audio = sound();
  if (!audio) return;
  audio.playbackRate = Math.min(4, pace());
  audio.currentTime = Math.max(0, (atMs - offsetMs()) / 1_000);
  // A recording that cannot be played: the score is played without it.
  audio.play().catch(() => {});
}

function stop() {
  isPlaying = false;
  clearInterval(timer);
  sound()?.pause();
  window.speechSynthesis?.cancel();
  if (byId('play')) byId('play').textContent = 'Play';
}

document.addEventListener('click', (event) => {
  const { target } = event;
  if (target.id === 'play') {
    if (isPlaying) stop();
    else play();
    show();
  }
  const svg = target.closest('.timeline');
  if (!svg || target.closest('a')) return;
  const { left, perSecond } = byId('player').dataset;
  const x = event.clientX - svg.getBoundingClientRect().left;
  atMs = Math.max(0, ((x - Number(left)) / Number(perSecond)) * 1_000);
  if (isPlaying) play();
  show();
});
document.addEventListener('change', ({ target }) => {
  if (target.id === 'pace' && isPlaying) play();
});

/** The call goes on: what is shown was made anew. */
function ready() {
  const player = byId('player');
  if (player) player.hidden = Number(player.dataset.lasts) === 0;
  if (player && isPlaying) byId('play').textContent = 'Pause';
  show();
}
document.addEventListener('live:shown', ready);
ready();
