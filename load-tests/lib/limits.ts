/** What callers may expect, as k6 thresholds; a share of the calls that end badly is allowed. */
export function usualLimits({ failedShareMax = 0.005, answers = 10 } = {}): Record<string, string[]> {
  return {
    aida_ok: [`rate>${1 - failedShareMax}`],
    aida_first_word: ['p(95)<1500'],
    aida_silence: ['p(95)<1500'],
    aida_dead_air: ['p(95)<2500'],
    aida_gap: ['max<400'],
    aida_webhook: ['p(95)<500'],
    aida_turns: [`count>=${answers}`],
    aida_words_wrong: ['count==0'],
    aida_words_missing: ['count==0'],
    aida_frames_lost: ['count==0'],
    aida_frames_repeated: ['count==0'],
    aida_callbacks_failed: ['count==0'],
    aida_sounds_failed: ['count==0'],
  };
}
