import { Not } from 'typeorm';
import { z } from 'zod';
import { StaffMemberEntity } from '../../../entities/staff-member.ts';
import { box, line, phone, whole } from './fields.ts';
import { weekdays, weekOf, weekSchema } from './hours-kinds.ts';
import { idOf } from './knowledge-kind.ts';
import { defineKind } from './kind.ts';

const NAME_CHARS_MAX = 80;
const RING_S_MIN = 5;
const RING_S_MAX = 60;
const STAFF_MAX = 100;

const plain = z.object({
  name: line({ max: NAME_CHARS_MAX, required: 'Who is it?' }),
  number: phone,
  sortOrder: whole(0, 1_000_000).catch(0),
  ringSeconds: whole(RING_S_MIN, RING_S_MAX),
  isAvailable: box,
  mode: z.enum(['warm', 'cold'], 'Announced first, or put through at once?'),
  /** Comes when the store is open. */
  followsStore: box,
});

/** Own hours count only where they are chosen. */
const schema = z
  .preprocess((raw) => (isSet(raw) ? { ...raw, week: undefined } : raw), plain.extend({ week: weekSchema.optional() }))
  .transform(({ week, ...content }) => ({ ...content, week: week ?? null }));

function isSet(raw: unknown): raw is { followsStore: string } {
  return typeof raw === 'object' && raw !== null && 'followsStore' in raw && raw.followsStore !== '';
}

export type StaffContent = z.output<typeof schema>;

export const staffKind = defineKind<StaffContent>({
  name: 'staff',
  noun: 'the person',
  lists: [],
  schema,
  labels: {
    name: 'Name',
    number: 'Number',
    sortOrder: 'Position',
    ringSeconds: 'Rings for',
    isAvailable: 'Takes calls',
    mode: 'How',
    followsStore: 'Hours of the store',
    week: 'Own hours',
  },
  title: ({ name }) => name,
  async read(manager, key) {
    const row = await manager.getRepository(StaffMemberEntity).findOneBy({ id: idOf(key) });
    if (!row) return null;
    const { name, number, sortOrder, ringSeconds, isAvailable, mode, hours } = row;
    const week = hours && weekOf(hours.map((day) => (day ? { ...day, isClosed: false } : undefined)));
    return { name, number, sortOrder, ringSeconds, isAvailable, mode, followsStore: hours === null, week };
  },
  async check(manager, { number, followsStore, week }, key) {
    const rows = manager.getRepository(StaffMemberEntity);
    const taken = await rows.findOneBy({ number, id: Not(idOf(key ?? '')) });
    if (taken) return { number: `${taken.name} has this number.` };
    if (key === null && (await rows.count()) >= STAFF_MAX) return { form: `At most ${STAFF_MAX} people.` };
    return followsStore || week ? {} : { followsStore: 'The hours of the store, or which?' };
  },
  async write(manager, key, { followsStore, week, ...content }) {
    const rows = manager.getRepository(StaffMemberEntity);
    const own = followsStore || !week ? null : week;
    const hours = own && weekdays.map((day) => dayOf(own[day]));
    if (key !== null) {
      await rows.update({ id: idOf(key) }, { ...content, hours });
      return key;
    }
    const [last] = await rows.find({ order: { sortOrder: 'DESC' }, take: 1 });
    const sortOrder = (last?.sortOrder ?? -1) + 1;
    return String((await rows.insert({ ...content, sortOrder, hours })).identifiers[0]?.['id']);
  },
  async remove(manager, key) {
    await manager.getRepository(StaffMemberEntity).delete({ id: idOf(key) });
  },
});

function dayOf({ isClosed, openTime, closeTime }: { isClosed: boolean; openTime: string; closeTime: string }) {
  return isClosed ? null : { openTime, closeTime };
}
