import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { ConsentRegionEntity } from '../../../entities/consent-region.ts';
import { type StoreSettings, StoreSettingsEntity } from '../../../entities/store-settings.ts';
import { defaultLanguage } from '../languages.ts';
import { isTimeZone } from '../local-time.ts';
import { storeLimits } from '../store-check.ts';
import { block, box, email, languageList, line, linesByLanguage, phoneOf, phones, timeOfDay, whole } from './fields.ts';
import { defineKind, type Kind } from './kind.ts';

/** The single row of settings is three forms: who edits one does not get into the way of who edits another. */

const NUMBERS_MAX = 200;
const DAYS_MAX = 3_650;

/** Voices of the realtime model; a store may have another one already. */
export const voices = ['alloy', 'ash', 'ballad', 'cedar', 'coral', 'echo', 'marin', 'sage', 'shimmer', 'verse'];

export const assistantLimits = { greetingChars: 300, personaChars: 4_000 } as const;

const storeSchema = z.object({
  name: line({ max: 80, required: 'The store has a name: it is said in the first sentence.' }),
  address: line({ max: 200 }),
  phone: line({ max: 40 }).transform((text, check) => {
    const number = text === '' ? '' : phoneOf(text);
    if (number !== null) return number;
    check.addIssue({ code: 'custom', message: 'With the country code, as in +1 207 555 0143.' });
    return z.NEVER;
  }),
  email,
  timeZone: line({ max: 60 }).refine(isTimeZone, 'A time zone as in America/New_York.'),
  noticeEmail: email,
});

const assistantSchema = z.object({
  voice: line({ max: 40, required: 'Which voice?' }),
  greeting: line({ max: assistantLimits.greetingChars }),
  greetingUninterruptible: box,
  persona: block({ max: assistantLimits.personaChars }),
  languages: languageList(storeLimits.languagesMax),
});

const policiesSchema = z
  .object({
    closedBehaviour: z.enum(['assistant', 'announce', 'voicemail'], 'Who takes calls outside the hours?'),
    closedLine: linesByLanguage(storeLimits.closedLineCharsMax),
    maxCallMinutes: whole(storeLimits.callMinutesMin, storeLimits.callMinutesMax),
    sharedNumbers: phones(NUMBERS_MAX),
    staffNumbers: phones(NUMBERS_MAX),
    redactPhone: box,
    redactEmail: box,
    redactAddress: box,
    recordCalls: box,
    recordingDays: whole(1, DAYS_MAX),
    transcriptDays: whole(1, DAYS_MAX),
    callDays: whole(1, DAYS_MAX),
    callbackOffered: box,
    callbackMinutes: whole(1, 10_080),
    callbackOpenTime: timeOfDay,
    callbackCloseTime: timeOfDay,
    callbackDialler: box,
    callbackCallsPerMinute: whole(1, 1_000),
    callbackAttemptsMax: whole(1, 20),
  })
  .superRefine(({ transcriptDays, callDays, callbackOpenTime, callbackCloseTime }, check) => {
    if (callDays < transcriptDays)
      check.addIssue({
        code: 'custom',
        path: ['callDays'],
        message: `Not before what was said is deleted, after ${transcriptDays} days.`,
      });
    if (callbackCloseTime <= callbackOpenTime)
      check.addIssue({
        code: 'custom',
        path: ['callbackCloseTime'],
        message: `After ${callbackOpenTime}, the same day.`,
      });
  });

export type StoreContent = z.output<typeof storeSchema>;
export type AssistantContent = z.output<typeof assistantSchema>;
export type PoliciesContent = z.output<typeof policiesSchema>;

export const storeKind = settingsKind('store.settings', 'the store', storeSchema, {
  name: 'Name',
  address: 'Address',
  phone: 'Telephone',
  email: 'E-mail',
  timeZone: 'Time zone',
  noticeEmail: 'Told of messages',
});

export const assistantKind = settingsKind('store.assistant', 'the assistant', assistantSchema, {
  voice: 'Voice',
  greeting: 'Greeting',
  greetingUninterruptible: 'Greeting is heard to its end',
  persona: 'Persona',
  languages: 'Languages',
});

export const policiesKind = settingsKind('store.policies', 'the policies', policiesSchema, {
  closedBehaviour: 'Outside the hours',
  closedLine: 'Closed line',
  maxCallMinutes: 'Longest call',
  sharedNumbers: 'Shared numbers',
  staffNumbers: 'Numbers without a person',
  redactPhone: 'Redact telephone numbers',
  redactEmail: 'Redact e-mail addresses',
  redactAddress: 'Redact addresses',
  recordCalls: 'Record calls',
  recordingDays: 'Keep recordings',
  transcriptDays: 'Keep what was said',
  callDays: 'Keep calls',
  callbackOffered: 'Offer call-backs',
  callbackMinutes: 'Called back within',
  callbackOpenTime: 'Called back from',
  callbackCloseTime: 'Called back until',
  callbackDialler: 'Aida calls back',
  callbackCallsPerMinute: 'Call-backs a minute',
  callbackAttemptsMax: 'Attempts',
});

function settingsKind(name: string, noun: string, schema: z.ZodObject, labels: Record<string, string>): Kind {
  const fields = Object.keys(schema.shape);
  return defineKind<Record<string, unknown>>({
    name,
    noun,
    lists: [],
    schema,
    labels,
    title: () => noun,
    async read(manager) {
      const row = await settingsOf(manager);
      return Object.fromEntries(fields.map((field) => [field, row[field as keyof StoreSettings]]));
    },
    async write(manager, _, content) {
      await manager.upsert(StoreSettingsEntity, { id: 1, ...content }, ['id']);
      return '';
    },
  });
}

async function settingsOf(manager: EntityManager): Promise<StoreSettings> {
  const rows = manager.getRepository(StoreSettingsEntity);
  const row = await rows.findOneBy({ id: 1 });
  if (row) return row;
  // A store that decided nothing yet has what its columns say.
  await rows
    .createQueryBuilder()
    .insert()
    .values({ id: 1, languages: [defaultLanguage] })
    .orIgnore()
    .execute();
  return await rows.findOneByOrFail({ id: 1 });
}

const PREFIX = /^(?:\+[1-9]\d{0,14})?$/;
const regionsSchema = z.object({
  regions: z
    .array(
      z.object({
        prefix: line({ max: 16 }).refine(
          (text) => PREFIX.test(text),
          'How numbers begin, as in +1415; empty for all others.',
        ),
        name: line({ max: 80, required: 'Which region?' }),
        parties: z.enum(['one', 'all'], 'Who has to know?'),
      }),
    )
    .superRefine((regions, check) => {
      const prefixes = regions.map(({ prefix }) => prefix);
      prefixes.forEach((prefix, index) => {
        if (prefixes.indexOf(prefix) < index)
          check.addIssue({ code: 'custom', path: [index, 'prefix'], message: 'This beginning stands above already.' });
      });
    }),
});

/** Who has to know that a call is recorded, by how numbers begin. */
export const regionsKind = defineKind<z.output<typeof regionsSchema>>({
  name: 'store.consent',
  noun: 'the regions',
  lists: ['regions'],
  schema: regionsSchema,
  labels: { regions: 'Regions' },
  title: () => 'who has to know of recordings',
  async read(manager) {
    const rows = await manager.getRepository(ConsentRegionEntity).find({ order: { prefix: 'ASC' } });
    return { regions: rows.map(({ prefix, name, parties }) => ({ prefix, name, parties })) };
  },
  async write(manager, _, { regions }) {
    await manager.createQueryBuilder().delete().from(ConsentRegionEntity).execute();
    if (regions.length > 0) await manager.insert(ConsentRegionEntity, regions);
    return '';
  },
});
