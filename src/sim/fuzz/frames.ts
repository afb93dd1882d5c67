import { emptyFrame, parseMessage } from '../../media/frame.ts';
import { FrameSlicer } from '../../media/frame-slicer.ts';
import type { Random } from '../twilio/random.ts';
import type { Fuzzer } from './fuzzer.ts';
import { mutateJson, mutateText, pick } from './mutate.ts';

const SID = `MZ${'a'.repeat(32)}`;
const CALL = `CA${'b'.repeat(32)}`;
const FRAME_BYTES = 160;

function media(random: Random): object {
  const payload = Buffer.from(Array.from({ length: FRAME_BYTES }, () => random.between(0, 256))).toString('base64');
  const chunk = random.between(1, 99_999);
  return {
    event: 'media',
    sequenceNumber: String(chunk + 1),
    media: { track: 'inbound', chunk: String(chunk), timestamp: String(chunk * 20), payload },
    streamSid: SID,
  };
}

const others = [
  { event: 'connected', protocol: 'Call', version: '1.0.0' },
  {
    event: 'start',
    sequenceNumber: '1',
    start: {
      accountSid: `AC${'c'.repeat(32)}`,
      streamSid: SID,
      callSid: CALL,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { token: 'token' },
    },
    streamSid: SID,
  },
  { event: 'dtmf', streamSid: SID, sequenceNumber: '5', dtmf: { track: 'inbound_track', digit: '1' } },
  { event: 'mark', streamSid: SID, sequenceNumber: '4', mark: { name: 'g1:item_1:500' } },
  { event: 'stop', streamSid: SID, sequenceNumber: '9', stop: { accountSid: 'AC', callSid: CALL } },
];

/** Messages of a media socket: the parser throws never, and the slicer reads nothing that the parser reads otherwise. */
export const frames: Fuzzer = {
  name: 'frames',
  begin() {
    const [sliced, parsed] = [emptyFrame(), emptyFrame()];
    const slicer = new FrameSlicer(SID);
    return (random) => {
      const plain = random.chance(0.7) ? media(random) : pick(random, others);
      const shaped = random.chance(0.4) ? mutateJson(random, plain) : plain;
      const text = JSON.stringify(shaped) ?? '';
      const message = Buffer.from(random.chance(0.5) ? mutateText(random, text) : text);
      const sid = random.chance(0.9) ? SID : null;
      const isSliced = sid !== null && slicer.slice(message, sliced);
      const audio = isSliced ? Buffer.from(sliced.audio) : null;
      const told = parseMessage(message, sid, parsed);
      if (audio === null)
        return told.event === 'media' && parsed.audio.length === 0 ? 'audio of no length was let through' : null;
      if (told.event !== 'media') return `sliced what the parser calls ${JSON.stringify(told)}`;
      const isSame = audio.equals(parsed.audio) && sliced.timestampMs === parsed.timestampMs;
      return isSame
        ? null
        : `sliced ${audio.length} bytes at ${sliced.timestampMs}, parsed ${parsed.audio.length} at ${parsed.timestampMs}`;
    };
  },
};
