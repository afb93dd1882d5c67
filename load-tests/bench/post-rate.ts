import { Pacer, until } from './pacer.ts';

const answersMsMax = 6_000;

export interface Load {
  /** A second. */
  rate: number;
  durationMs: number;
}

export interface Answered {
  /** From the moment at which a request was due, whenever it left, to its whole answer. */
  latenciesMs: number[];
  wrong: number;
  /** What was wrong, the first few. */
  examples: string[];
}

const examplesMax = 5;

/** Asks at a steady rate, whether or not earlier questions were answered. `ask` says what is wrong with its answer, or null. */
export async function askSteadily({ rate, durationMs }: Load, ask: () => Promise<string | null>): Promise<Answered> {
  const answered: Answered = { latenciesMs: [], wrong: 0, examples: [] };
  const total = Math.round((rate * durationMs) / 1000);
  const pacer = new Pacer();
  let asked = 0;
  let settled = 0;
  const one = async (dueAt: number): Promise<void> => {
    const wrong = await ask().catch((error: unknown) => String(error));
    answered.latenciesMs.push(performance.now() - dueAt);
    settled++;
    if (wrong === null) return;
    answered.wrong++;
    if (answered.examples.length < examplesMax) answered.examples.push(wrong);
  };
  pacer.start(1, 1000 / rate, (_line, dueAt) => {
    if (asked === total) return;
    asked++;
    void one(dueAt);
  });
  try {
    await until(
      () => asked === total && settled === total,
      durationMs + answersMsMax,
      () => `${settled} of ${total} answers came`,
    );
  } finally {
    pacer.stop();
  }
  return answered;
}
