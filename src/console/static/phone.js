import { PhoneLine, fromBase64 } from './phone-line.js';
import { PhoneView } from './phone-view.js';
import { TurnClock } from './phone-turns.js';

/** The browser's phone: microphone and loudspeaker on one side, the carrier that the server plays on the other. */

const root = document.getElementById('phone');
const view = new PhoneView(root);
const LEVEL_EVERY_FRAMES = 5;

let call = null;

async function place() {
  view.calling();
  const mine = {
    socket: null,
    sound: null,
    line: null,
    isOver: false,
    isMuted: false,
    frames: 0,
    turns: new TurnClock(),
    ringingAt: 0,
  };
  call = mine;
  try {
    // First: browsers let sound begin only while the press of the button is fresh.
    mine.sound = await openSound(mine);
    if (mine.isOver) return letGo(mine);
    mine.sound.postMessage({ muted: mine.isMuted });
    const ticket = await fetchTicket();
    if (mine.isOver) return;
    mine.ringingAt = performance.now();
    connect(mine, ticket);
  } catch (error) {
    // Hung up while the microphone was being asked for: it must not stay open.
    if (mine.isOver) return letGo(mine);
    end(mine, '', error instanceof PhoneTrouble ? error.message : `The phone failed: ${error.message}`);
  }
}

class PhoneTrouble extends Error {}

async function fetchTicket() {
  const csrf = root.querySelector('input[name="csrf"]').value;
  const response = await fetch('/phone/ticket', { method: 'POST', headers: { 'x-csrf-token': csrf } }).catch(
    () => null,
  );
  if (response === null) throw new PhoneTrouble('The console does not answer. Is this computer online?');
  if (!response.headers.get('content-type')?.startsWith('application/json'))
    throw new PhoneTrouble('Your session has ended. Load this page again and sign in.');
  const { ticket, refused } = await response.json();
  if (ticket === undefined) throw new PhoneTrouble(refused);
  return ticket;
}

/** The sound card's clock drives both directions, with a microphone or without. */
async function openSound(mine) {
  if (!window.AudioWorkletNode)
    throw new PhoneTrouble('This browser gives sound only to pages that come by https or from this computer itself.');
  const context = new AudioContext({ latencyHint: 'interactive' });
  mine.context = context;
  await context.audioWorklet.addModule(root.dataset.worklet);
  const node = new AudioWorkletNode(context, 'phone-line', { numberOfInputs: 1, outputChannelCount: [1] });
  node.connect(context.destination);
  node.port.onmessage = ({ data }) => heardFrom(mine, data);
  mine.microphone = await openMicrophone();
  if (mine.isOver) return node.port;
  if (mine.microphone) context.createMediaStreamSource(mine.microphone).connect(node);
  await context.resume();
  return node.port;
}

/** Null where there is none, or it may not be used: then one can type. */
async function openMicrophone() {
  const isClean = document.getElementById('clean').checked;
  const audio = {
    channelCount: 1,
    echoCancellation: isClean,
    noiseSuppression: isClean,
    autoGainControl: isClean,
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    view.note(
      error.name === 'NotAllowedError'
        ? 'The microphone may not be used here. You can type what you want to say.'
        : 'There is no microphone. You can type what you want to say.',
    );
    return null;
  }
}

function connect(mine, ticket) {
  const address = new URL(root.dataset.socket, location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  address.searchParams.set('ticket', ticket);
  const socket = new WebSocket(address);
  mine.socket = socket;
  mine.line = new PhoneLine((text) => socket.readyState === WebSocket.OPEN && socket.send(text), {
    play: (mulaw) => mine.sound.postMessage({ play: mulaw }),
    mark: (mark) => mine.sound.postMessage({ mark }),
    clear: () => mine.sound.postMessage({ clear: true }),
    signal: (signal) => obey(mine, signal),
  });
  socket.onmessage = ({ data }) => mine.line.receive(data);
  socket.onclose = () => end(mine, 'The call is over.', mine.isRinging ? '' : 'The line could not be opened.');
}

function obey(mine, signal) {
  view.tell(signal);
  if (signal.line === 'ringing') mine.isRinging = true;
  if (signal.line === 'speech') mine.sound.postMessage({ say: fromBase64(signal.payload) });
  if (signal.line === 'ended') end(mine, signal.why, '');
}

/** What the sound card did: a frame of 20 ms, or a mark that was reached. */
function heardFrom(mine, { frame, mark, mouth, ear, isVoiced, isHeard, atMs }) {
  if (mine.isOver || mine.line === null) return;
  if (mark !== undefined) return mine.line.reached(mark);
  if (frame === undefined) return;
  mine.line.frame(frame);
  mine.frames += 1;
  if (mine.frames % LEVEL_EVERY_FRAMES === 0) view.levels(mouth, ear, performance.now() - mine.ringingAt);
  if (isHeard && !mine.isFirstHeard) {
    mine.isFirstHeard = true;
    view.firstWord(performance.now() - mine.ringingAt);
  }
  const silenceMs = mine.turns.push({ isVoiced, isHeard, atMs });
  if (silenceMs !== null) view.answered(silenceMs);
}

function end(mine, state, trouble) {
  if (mine.isOver) return;
  mine.isOver = true;
  mine.socket?.close();
  letGo(mine);
  if (call === mine) call = null;
  view.over(state, trouble);
}

/** Of microphone and sound card; more than once does no harm. */
function letGo(mine) {
  mine.sound?.postMessage({ over: true });
  for (const track of mine.microphone?.getTracks() ?? []) track.stop();
  if (mine.context?.state !== 'closed') void mine.context?.close();
}

view.on({
  call: () => call === null && void place(),
  hangUp() {
    if (call?.line) call.line.hangUp();
    else if (call) end(call, 'The call is over.', '');
  },
  mute(muted) {
    if (call === null) return;
    call.isMuted = muted;
    call.sound?.postMessage({ muted });
  },
  say: (text) => call?.line?.say(text),
  press: (digit) => call?.line?.press(digit),
});
