import type { Random } from '../twilio/random.ts';
import type { Staff } from '../twilio/index.ts';
import type { Patron, Question } from './patron.ts';

const QUESTIONS: readonly Question[] = [
  { words: 'What are your hours on Tuesday?', answer: 'Tuesday 07:00 - 18:00' },
  { words: 'How much is an oat milk latte?', answer: '5.25' },
  { words: 'Do you have wifi?', answer: '/wi-?fi/' },
  { words: 'I see a red umbrella.', answer: 'You said: I see a red umbrella.' },
  { words: 'There is a blue kite.', answer: 'You said: There is a blue kite.' },
];
const QUESTIONS_MAX = 4;
const HASTY_MS_MAX = 12_000;

export interface PatronStory {
  name: string;
  live(patron: Patron, random: Random): Promise<void>;
}

/** The nth question that all stories know. */
export const questionOf = (index: number): Question => QUESTIONS[index % QUESTIONS.length] as Question;

async function askSome(patron: Patron, random: Random): Promise<void> {
  await patron.greeted();
  const count = random.between(1, QUESTIONS_MAX + 1);
  for (let asked = 0; asked < count; asked += 1) {
    await patron.ask(questionOf(random.between(0, QUESTIONS.length)));
    if (random.chance(0.5)) await patron.remember();
  }
}

/** What callers do; each is as likely as the others that stand here as often. */
export const patronStories: readonly PatronStory[] = [
  {
    name: 'asks and says goodbye',
    async live(patron, random) {
      await askSome(patron, random);
      await patron.goodbye();
    },
  },
  {
    name: 'asks and hangs up',
    live: askSome,
  },
  {
    name: 'interrupts',
    async live(patron) {
      await patron.greeted();
      await patron.ask({ words: 'What is on the menu?', answer: 'On the menu' });
      patron.interrupt('Stop, please.');
      await patron.ask(questionOf(0));
      await patron.goodbye();
    },
  },
  {
    name: 'hangs up at any moment',
    live: (patron, random) => patron.pause(random.between(0, HASTY_MS_MAX)),
  },
  {
    name: 'wants a person',
    async live(patron) {
      await patron.greeted();
      await patron.ask({ words: 'Can I talk to a person please?', answer: 'this is Bea' });
      await patron.pause(500);
    },
  },
  {
    name: 'leaves a message',
    async live(patron) {
      await patron.greeted();
      await patron.message();
    },
  },
];

/** Staff of the store, for callers who want a person. */
export const staff: Record<string, Staff> = {
  '+12075550143': { result: 'answers', afterS: 0.3, says: ['Mangy Dog Coffee, this is Bea.'], hangsUpAfterS: 3 },
  '+12075550144': { result: 'busy' },
};
