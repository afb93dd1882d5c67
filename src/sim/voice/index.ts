export { CHARS_PER_SECOND, encodeUtterance, type UtteranceOptions } from './encode.ts';
export { readFrame, type Speaker, type VoiceFrame } from './frame.ts';
export {
  BYTES_PER_MS,
  encodeSample,
  energy,
  FRAME_BYTES,
  isSilence,
  joinBytes,
  MULAW_TO_PCM,
  mulawToPcm,
  pcmToMulaw,
  silence,
  SILENCE_BYTE,
} from './mulaw.ts';
export { VoiceReader, type VoiceReaderOptions, type VoiceSpan } from './reader.ts';
export { readWav, writeWav } from './wav.ts';
