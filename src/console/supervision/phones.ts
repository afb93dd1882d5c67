import type { DataSource } from 'typeorm';
import { AccountEntity } from '../../../entities/account.ts';
import type { Who } from '../guard.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const E164 = /^\+[1-9]\d{6,14}$/;
/** What people write between the digits. */
const SPACING = /[\s().\-/]/g;

/** As the carrier wants it, E.164; null for what is no number with its country. */
export function phoneOf(typed: string): string | null {
  const number = typed.replaceAll(SPACING, '').replace(/^00/, '+');
  return E164.test(number) ? number : null;
}

/** Where supervisors take calls over. The first admin and programs have no account, so nothing is kept of them. */
export function createPhones(dataSource: DataSource) {
  const rows = dataSource.getRepository(AccountEntity);
  return {
    async of(who: Who): Promise<string> {
      return (await account(who))?.phone ?? '';
    },
    async keep(who: Who, phone: string): Promise<void> {
      const known = await account(who);
      if (known !== null && known.phone !== phone) await rows.update({ id: known.id }, { phone });
    },
  };

  function account({ id }: Who) {
    return UUID.test(id) ? rows.findOne({ where: { id }, select: { id: true, phone: true } }) : null;
  }
}
