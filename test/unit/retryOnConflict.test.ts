import { expect, test } from 'vitest';
import { codedError } from '../../src/errors.ts';
import { retryOnConflict } from '../../src/retryOnConflict.ts';

const conflict = codedError('CONFLICT', 'somebody was faster');

test('an attempt that ends with a conflict is repeated, with its number', async () => {
  const numbers: number[] = [];
  const result = retryOnConflict(3, async (number) => {
    numbers.push(number);
    if (number < 3) throw conflict;
    return 'changed';
  });
  expect(await result).toBe('changed');
  expect(numbers).toEqual([1, 2, 3]);
});

test.each([
  ['the last conflict is thrown', conflict, 2],
  ['any other error is thrown at once', codedError('FORBIDDEN', 'no'), 1],
])('%s', async (_, error, attempts) => {
  let count = 0;
  const result = retryOnConflict(2, async () => {
    count += 1;
    throw error;
  });
  await expect(result).rejects.toBe(error);
  expect(count).toBe(attempts);
});
