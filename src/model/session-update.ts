import type { SessionProfile } from './profile.ts';

const transcriptionModel = 'gpt-transcribe';
/** Silence after which the server takes the caller's turn for ended. */
export const turnSilenceMs = 500;
/** Of what was before it, this much belongs to a turn. */
export const prefixPaddingMs = 300;
const vadThreshold = 0.5;
/**
 * What the conversation may fill beside the instructions: the token budget of a call. The whole context is billed again
 * with each response, and long ones make answers slow. The caller's speech takes 10 tokens a second and the model's 20:
 * 8,000 are about nine minutes of talk, and what is older is out of the model's sight.
 */
const conversationTokensMax = 8000;
/** What of it survives a truncation: each one makes the server read everything anew, so some room is made at once. */
const retentionRatio = 0.8;

export const audioFormat = 'audio/pcmu';

function transcription({ language }: SessionProfile) {
  return { model: transcriptionModel, ...(language === null ? {} : { language }) };
}

function turnDetection(createResponse: boolean) {
  return {
    type: 'server_vad',
    threshold: vadThreshold,
    prefix_padding_ms: prefixPaddingMs,
    silence_duration_ms: turnSilenceMs,
    create_response: createResponse,
    interrupt_response: true,
  };
}

/**
 * The whole configuration, GA shape, µ-law both ways without a rate. The server refuses all of it for one bad key
 * and then would speak 24 kHz PCM.
 */
export function fullUpdate(eventId: string, profile: SessionProfile, createResponse: boolean): string {
  return JSON.stringify({
    type: 'session.update',
    event_id: eventId,
    session: {
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: profile.instructions,
      audio: {
        input: {
          format: { type: audioFormat },
          noise_reduction: { type: 'near_field' },
          transcription: transcription(profile),
          turn_detection: turnDetection(createResponse),
        },
        output: { format: { type: audioFormat }, voice: profile.voice },
      },
      tools: profile.tools,
      tool_choice: 'auto',
      max_output_tokens: 'inf',
      truncation: {
        type: 'retention_ratio',
        retention_ratio: retentionRatio,
        token_limits: { post_instructions: conversationTokensMax },
      },
    },
  });
}

/** The same assistant with other knowledge, tools or language. Its voice stays: it is locked once it was heard. */
export function profileUpdate(eventId: string, profile: SessionProfile): string {
  const { instructions, tools } = profile;
  return JSON.stringify({
    type: 'session.update',
    event_id: eventId,
    session: { type: 'realtime', instructions, tools, audio: { input: { transcription: transcription(profile) } } },
  });
}

/** Nothing that `profileUpdate` says has changed: each change makes the model read the whole conversation anew. */
export function isSameProfile(one: SessionProfile, other: SessionProfile): boolean {
  return profileUpdate('', one) === profileUpdate('', other);
}

/** Whether the server answers the caller's turns by itself; off while a conversation is seeded. */
export function turnsUpdate(eventId: string, createResponse: boolean): string {
  return JSON.stringify({
    type: 'session.update',
    event_id: eventId,
    session: { type: 'realtime', audio: { input: { turn_detection: turnDetection(createResponse) } } },
  });
}
