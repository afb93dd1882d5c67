import { parseArgs } from 'node:util';
import { carryOut, Refusal, say } from './command.ts';
import { readConfig } from './config.ts';
import { wordsOf } from './doctor/finding.ts';
import { type AccountNumber, changeNumber, readNumbers } from './doctor/number.ts';

/**
 * `npm run twilio:setup -- [--number +1…] [--yes]`: points a number of the account at PUBLIC_URL. Shows what would change;
 * changes it with `--yes` alone. Where the account has one number, that one is meant.
 */
const E164 = /^\+[1-9]\d{6,14}$/;
const USAGE = 'npm run twilio:setup -- [--number +15551234567] [--yes]';

function readOrder(): { number: string | null; yes: boolean } {
  try {
    const { values } = parseArgs({
      options: { number: { type: 'string' }, yes: { type: 'boolean', default: false } },
    });
    const { number = null, yes } = values;
    if (number === null || E164.test(number)) return { number, yes };
  } catch {
    // An option that does not exist: the usage says which do.
  }
  throw new Refusal(`usage: ${USAGE}`);
}

function theOne(numbers: readonly AccountNumber[], asked: string | null): AccountNumber {
  const [first, ...others] = numbers;
  if (!first) throw new Refusal(asked === null ? 'the account has no number' : `the account has no number ${asked}`);
  if (others.length === 0) return first;
  throw new Refusal(`which of these? --number ${numbers.map(({ phoneNumber }) => phoneNumber).join(', ')}`);
}

await carryOut(async () => {
  const order = readOrder();
  const config = readConfig(process.env);
  if (!config.publicUrl.startsWith('https:'))
    throw new Refusal('PUBLIC_URL must be https: the carrier calls it from outside');
  const refused = (error: unknown): never => {
    throw new Refusal(`the carrier's interface: ${wordsOf(error)}`);
  };
  const number = theOne(await readNumbers(config, order.number).catch(refused), order.number);
  const { phoneNumber, trunkSid, changes } = number;
  if (trunkSid !== null)
    throw new Refusal(
      `${phoneNumber} belongs to the trunk ${trunkSid}, which wins over its addresses: take it off there`,
    );
  if (changes.length === 0) return say(`${phoneNumber} is as it should be.`);
  for (const { name, is, becomes } of changes)
    say(`${phoneNumber} ${name}: ${is || '(unset)'} → ${becomes || '(unset)'}`);
  if (!order.yes) return say('Nothing was changed. Say --yes to do it.');
  await changeNumber(config, number).catch(refused);
  say(
    `${phoneNumber} leads to ${config.publicUrl}. The debugger's webhook is the account's: ${config.publicUrl}/voice/debugger`,
  );
});
