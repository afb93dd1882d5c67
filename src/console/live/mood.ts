import { textWords } from '../../services/words.ts';

/** How a caller seems to feel, by the words used: a hint for people who look on, nothing is decided by it. */
export type Mood = 'happy' | 'calm' | 'impatient' | 'upset';

/** Words and what they weigh; from −3 to 2. In the languages that the assistant is used in most. */
const weights: Readonly<Record<string, number>> = {
  ...weighed(2, 'great perfect awesome wonderful lovely excellent fantastic love amazing brilliant'),
  ...weighed(2, 'perfecto genial excelente maravilloso estupendo encanta'),
  ...weighed(1, 'thanks thank nice good cool appreciate glad cheers gracias bueno bien'),
  ...weighed(-1, 'wrong again already waiting slow confused confusing problem mistake repeat hurry late'),
  ...weighed(-1, 'mal otra todavia esperando lento problema error prisa tarde'),
  ...weighed(
    -2,
    'complaint complain refund cancel annoying annoyed frustrated frustrating useless disappointed bad robot',
  ),
  ...weighed(-2, 'queja reembolso cancelar molesto frustrado inutil'),
  ...weighed(
    -3,
    'ridiculous unacceptable terrible horrible awful worst angry furious hate stupid damn hell lawyer sue',
  ),
  ...weighed(-3, 'ridiculo inaceptable pesimo peor enojado furioso odio estupido'),
};

function weighed(weight: number, words: string): Record<string, number> {
  return Object.fromEntries(words.split(' ').map((word) => [word, weight]));
}

/** Of what was felt before a turn so much is left after it. */
const KEPT = 0.6;
const TURN_MIN = -4;
const TURN_MAX = 3;
/** Talking over the assistant is impatience, but not much of it. */
const CUT = -0.5;

/** The feeling after one more turn of the caller; 0 to begin with. */
export function feltAfter(feeling: number, text: string): number {
  const sum = textWords(text).reduce((total, word) => total + (weights[word] ?? 0), 0);
  return feeling * KEPT + Math.min(TURN_MAX, Math.max(TURN_MIN, sum));
}

/** … and after the caller has cut the assistant off. */
export const feltAfterCut = (feeling: number): number => feeling + CUT;

export function moodOf(feeling: number): Mood {
  if (feeling <= -3) return 'upset';
  if (feeling <= -1.5) return 'impatient';
  return feeling >= 1.5 ? 'happy' : 'calm';
}
