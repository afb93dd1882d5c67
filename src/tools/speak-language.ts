import { z } from 'zod';
import { languageMeant, languageName } from '../services/languages.ts';
import { defineTool, ToolRefusal } from './tool.ts';

export const speakLanguage = defineTool({
  name: 'speak_language',
  description:
    'Go on in another language that the store offers, when the caller speaks it or asks for it. Call it before the first words in that language.',
  parameters: z.object({
    language: z.string().max(100).describe('The language, by name or ISO 639-1 code'),
  }),
  subject: 'changing the language',
  writes: false,
  deadlineMs: 1_000,
  run({ language }, services) {
    const offered = services.languages();
    const meant = languageMeant(language, offered);
    if (meant === null) {
      const names = offered.map(languageName).join(', ');
      throw new ToolRefusal(
        `Only ${names} can be spoken here. Say so in one short sentence, and offer staff or a voicemail.`,
      );
    }
    return {
      answer: { accepted: true, language: languageName(meant), next: `Answer in ${languageName(meant)} from here on.` },
      language: meant,
    };
  },
});
