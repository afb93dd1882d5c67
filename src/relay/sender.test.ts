import type { Producer } from 'kafkajs';
import { expect, test } from 'vitest';
import { Sender } from './sender.ts';

/** Producers that never come back, then one that does. */
function kafka(stuck: number) {
  const made: { gone: boolean }[] = [];
  return {
    made,
    producer(): Producer {
      const own = { gone: false };
      const isStuck = made.push(own) <= stuck;
      const fake = {
        connect: async () => {},
        disconnect: async () => void (own.gone = true),
        sendBatch: () => (isStuck ? new Promise<never>(() => {}) : Promise.resolve([])),
      };
      return fake as unknown as Producer;
    },
  };
}

test('a producer that does not come back is replaced, one that does is kept', async () => {
  const fake = kafka(2);
  const sender = new Sender(fake, 5);
  await sender.connect();
  for (let tries = 0; tries < 2; tries++)
    await expect(sender.sendBatch({ topicMessages: [] })).rejects.toThrow('a batch was not sent within 5 ms');
  for (let sent = 0; sent < 3; sent++) expect(await sender.sendBatch({ topicMessages: [] })).toEqual([]);
  expect(fake.made.map(({ gone }) => gone)).toEqual([true, true, false]);
  await sender.disconnect();
  expect(fake.made.every(({ gone }) => gone)).toBe(true);
});
