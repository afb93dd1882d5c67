import { weekdays } from '../../services/catalogue/hours-kinds.ts';
import { assistantLimits, voices } from '../../services/catalogue/store-kinds.ts';
import { languageName } from '../../services/languages.ts';
import { lineLanguages } from '../../services/lines.ts';
import { dayNames } from '../../services/local-time.ts';
import { storeLimits } from '../../services/store-check.ts';
import type { DaySpec, FieldSpec, SectionSpec } from './form-view.ts';

/** Forms of the store itself: its hours, its staff, its settings. */

const CLOSED_LINE = 'closedLine.';

/** From Monday, as people write their week. */
const week = (prefix: string): DaySpec[] =>
  [1, 2, 3, 4, 5, 6, 0].map((day) => ({ prefix: `${prefix}${weekdays[day] ?? ''}.`, label: dayNames[day] ?? '' }));

/** In what the store speaks, what it has a line for, and what we have lines in. */
const closedLines = (hint: string, spoken: readonly string[], form: URLSearchParams): SectionSpec => {
  const written = [...form.keys()].flatMap((name) =>
    name.startsWith(CLOSED_LINE) ? name.slice(CLOSED_LINE.length) : [],
  );
  return {
    title: 'Said first while closed',
    hint,
    parts: [...new Set([...spoken, ...written, ...lineLanguages])].map((language) => ({
      name: `${CLOSED_LINE}${language}`,
      label: languageName(language),
      maxlength: storeLimits.closedLineCharsMax,
    })),
  };
};

export const weekSections: SectionSpec[] = [
  {
    hint: 'A closing at or before the opening is a time of the next day: 18:00 to 02:00; 00:00 to 00:00 is all day.',
    parts: [{ days: week('') }],
  },
];

export const dateSections = (spoken: readonly string[], form: URLSearchParams): SectionSpec[] => [
  {
    parts: [
      {
        fields: [
          { name: 'date', label: 'Date', type: 'date', required: true },
          {
            name: 'reason',
            label: 'Name',
            required: true,
            maxlength: 60,
            hint: 'It is said: “We’re closed today for …”',
          },
        ],
      },
      { days: [{ prefix: 'hours.', label: 'Hours of that day' }] },
    ],
  },
  closedLines('Only for this date, in place of the usual line of the policies. May be left empty.', spoken, form),
];

export const staffSections: SectionSpec[] = [
  {
    parts: [
      {
        fields: [
          { name: 'name', label: 'Name', required: true, maxlength: 80 },
          { name: 'number', label: 'Telephone number', type: 'tel', required: true, hint: 'As in +1 207 555 0143.' },
        ],
      },
      { name: 'isAvailable', label: 'Takes calls', type: 'checkbox', hint: 'Somebody who is away is not rung.' },
      {
        fields: [
          {
            name: 'mode',
            label: 'How calls are put through',
            type: 'select',
            options: [
              { value: 'warm', label: 'Announced first, accepted by key' },
              { value: 'cold', label: 'At once' },
            ],
          },
          { name: 'ringSeconds', label: 'Rings for, seconds', type: 'number', min: 5, max: 60, required: true },
          { name: 'sortOrder', label: 'Position', type: 'number', min: 0, hint: 'The lowest is rung first.' },
        ],
      },
    ],
  },
  {
    title: 'When',
    parts: [{ name: 'followsStore', label: 'Whenever the store is open', type: 'checkbox' }, { days: week('week.') }],
    hint: 'Own hours count when the box is not ticked. Nobody is rung on a date on which the store is closed.',
  },
];

export const storeSections: SectionSpec[] = [
  {
    parts: [
      {
        fields: [
          { name: 'name', label: 'Name', required: true, maxlength: 80 },
          { name: 'address', label: 'Address', maxlength: 200 },
        ],
      },
      {
        fields: [
          { name: 'phone', label: 'Telephone', type: 'tel' },
          { name: 'email', label: 'E-mail', type: 'email' },
        ],
      },
      {
        fields: [
          {
            name: 'timeZone',
            label: 'Time zone',
            required: true,
            hint: 'As in America/New_York. Hours, holidays and promotions are on this clock.',
          },
          {
            name: 'noticeEmail',
            label: 'Told of messages',
            type: 'email',
            hint: 'Left empty: the address above.',
          },
        ],
      },
    ],
  },
];

export function assistantSections(voice: string): SectionSpec[] {
  const known = [...new Set([...voices, voice])].filter((each) => each !== '').toSorted();
  return [
    {
      parts: [
        {
          name: 'greeting',
          label: 'Greeting',
          maxlength: assistantLimits.greetingChars,
          hint: 'The first words, in the first language. {name} is the store’s name. Left empty: ours.',
        },
        { name: 'greetingUninterruptible', label: 'The greeting is heard to its end', type: 'checkbox' },
        {
          name: 'persona',
          label: 'Persona',
          type: 'textarea',
          rows: 8,
          maxlength: assistantLimits.personaChars,
          hint: 'Who the assistant is and how it speaks. What it must and must not do is said to it besides.',
        },
        {
          fields: [
            {
              name: 'voice',
              label: 'Voice',
              type: 'select',
              options: known.map((value) => ({ value, label: value })),
              hint: 'For calls from now on, and for prepared sentences once they are rendered.',
            },
            {
              name: 'languages',
              label: 'Languages',
              type: 'textarea',
              rows: 3,
              hint: 'As in en, es, fr: one in each line. Calls begin in the first.',
            },
          ],
        },
      ],
    },
  ];
}

const days = (name: string, label: string, hint?: string): FieldSpec => ({
  name,
  label,
  type: 'number',
  min: 1,
  max: 3_650,
  required: true,
  ...(hint !== undefined && { hint }),
});

export const policySections = (spoken: readonly string[], form: URLSearchParams): SectionSpec[] => [
  {
    title: 'Outside the hours',
    parts: [
      {
        name: 'closedBehaviour',
        label: 'Who takes new calls',
        type: 'select',
        options: [
          { value: 'assistant', label: 'The assistant, who knows that it is closed' },
          { value: 'announce', label: 'First the closed line, then the assistant' },
          { value: 'voicemail', label: 'The closed line, then the tone' },
        ],
      },
    ],
  },
  closedLines('When the store opens is said after it. A language without a line has ours.', spoken, form),
  {
    title: 'Calls',
    parts: [
      {
        name: 'maxCallMinutes',
        label: 'Longest conversation, minutes',
        type: 'number',
        min: storeLimits.callMinutesMin,
        max: storeLimits.callMinutesMax,
        required: true,
      },
      {
        name: 'sharedNumbers',
        label: 'Numbers that many callers share',
        type: 'textarea',
        rows: 3,
        hint: 'One in each line, such as an office’s. No limit for one caller holds for them.',
      },
      {
        name: 'staffNumbers',
        label: 'Numbers that a transfer rings where no staff is entered',
        type: 'textarea',
        rows: 3,
        hint: 'One in each line, rung in this order.',
      },
    ],
  },
  {
    title: 'Privacy',
    hint: 'Card numbers are always taken out before anything is written.',
    parts: [
      { name: 'redactPhone', label: 'Take out telephone numbers', type: 'checkbox' },
      { name: 'redactEmail', label: 'Take out e-mail addresses', type: 'checkbox' },
      { name: 'redactAddress', label: 'Take out addresses', type: 'checkbox' },
      {
        name: 'recordCalls',
        label: 'Record calls',
        type: 'checkbox',
        hint: 'What is said first is by region, see below.',
      },
      {
        fields: [
          days('recordingDays', 'Messages and recordings are kept, days'),
          days('transcriptDays', 'What was said is kept, days'),
          days('callDays', 'Calls are kept, days'),
        ],
      },
    ],
  },
  {
    title: 'Call-backs',
    parts: [
      { name: 'callbackOffered', label: 'Offer callers who wait to be called back', type: 'checkbox' },
      { name: 'callbackDialler', label: 'Aida calls back by itself; otherwise people do', type: 'checkbox' },
      {
        fields: [
          { name: 'callbackMinutes', label: 'Within, minutes', type: 'number', min: 1, required: true },
          { name: 'callbackOpenTime', label: 'From', type: 'time', required: true },
          { name: 'callbackCloseTime', label: 'Until', type: 'time', required: true },
          { name: 'callbackCallsPerMinute', label: 'Calls a minute', type: 'number', min: 1, required: true },
          { name: 'callbackAttemptsMax', label: 'Attempts', type: 'number', min: 1, max: 20, required: true },
        ],
      },
    ],
  },
];

export const regionSections: SectionSpec[] = [
  {
    parts: [
      {
        list: 'regions',
        legend: 'Regions',
        hint: 'The longest beginning that fits counts. A row whose beginning and name are empty is removed.',
        more: 'Add regions',
        columns: [
          { name: 'prefix', label: 'Numbers begin', placeholder: '+1415' },
          { name: 'name', label: 'Region', maxlength: 80 },
          {
            name: 'parties',
            label: 'Who has to know',
            type: 'select',
            options: [
              { value: 'all', label: 'All: the caller is told first' },
              { value: 'one', label: 'One side, which the store is' },
            ],
          },
        ],
      },
    ],
  },
];
