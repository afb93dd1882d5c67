/** What the model's side of a run saw. */
export interface ModelCounts {
  sessions: number;
  appends: number;
  /** Frames of 20 ms, silence included. */
  frames: number;
  wordsHeard: number;
  wordsMissing: number;
  framesLost: number;
  framesRepeated: number;
  /** Sound that is no frame of the simulated voice, or a damaged one. */
  framesStrange: number;
  turns: number;
  answers: number;
  cancelled: number;
  truncated: number;
  /** Events that a strict server refuses, harmless races left out. */
  complaints: number;
}

export function newModelCounts(): ModelCounts {
  return {
    sessions: 0,
    appends: 0,
    frames: 0,
    wordsHeard: 0,
    wordsMissing: 0,
    framesLost: 0,
    framesRepeated: 0,
    framesStrange: 0,
    turns: 0,
    answers: 0,
    cancelled: 0,
    truncated: 0,
    complaints: 0,
  };
}
