import type { SessionProfile } from './profile.ts';

const transcriptionModel = 'gpt-transcribe';
/** Silence after which the server takes the caller's turn for ended. */
export const turnSilenceMs = 500;
const prefixPaddingMs = 300;
const vadThreshold = 0.5;
/** The share of the context that survives a truncation, and what the conversation may fill beside the instructions. */
const retentionRatio = 0.8;
const conversationTokensMax = 8000;

export const audioFormat = 'audio/pcmu';

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
          transcription: {
            model: transcriptionModel,
            ...(profile.language === null ? {} : { language: profile.language }),
          },
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

/** Whether the server answers the caller's turns by itself; off while a conversation is seeded. */
export function turnsUpdate(eventId: string, createResponse: boolean): string {
  return JSON.stringify({
    type: 'session.update',
    event_id: eventId,
    session: { type: 'realtime', audio: { input: { turn_detection: turnDetection(createResponse) } } },
  });
}
