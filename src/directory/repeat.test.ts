import { expect, test } from 'vitest';
import { DirectoryError } from './errors.ts';
import { repeated } from './repeat.ts';

/** Fails so often, then answers; counts how often it was asked. */
function failing(times: number, error: Error) {
  let asked = 0;
  const ask = async () => {
    asked += 1;
    if (asked <= times) throw error;
    return asked;
  };
  return { ask, asked: () => asked };
}

test('what was not answered is asked again', async () => {
  await expect(repeated(failing(2, new DirectoryError('unanswered', 'x')).ask)).resolves.toBe(3);
});

test('what stays unanswered is given up', async () => {
  const away = failing(9, new DirectoryError('unavailable', 'x'));
  await expect(repeated(away.ask)).rejects.toMatchObject({ code: 'unavailable' });
  expect(away.asked()).toBe(3);
});

test('what would fail again is not repeated', async () => {
  for (const error of [new DirectoryError('script', 'x'), new Error('x')]) {
    const broken = failing(1, error);
    await expect(repeated(broken.ask)).rejects.toBe(error);
    expect(broken.asked()).toBe(1);
  }
});
