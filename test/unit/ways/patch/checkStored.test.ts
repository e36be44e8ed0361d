import { expect, test } from 'vitest';
import { checkStored } from '../../../../src/ways/patch/checkStored.ts';

const sidecar = { name: 'packet-capture', restartPolicy: 'Always' };
const addition = { annotations: {}, initContainers: [sidecar], containers: [], volumes: [], imagePullSecrets: [] };

test('a template that holds the native sidecar is good', () => {
  expect(() =>
    checkStored({ spec: { initContainers: [{ name: 'first' }, sidecar] } }, addition, 'deployment/web'),
  ).not.toThrow();
});

test('a server that drops restartPolicy would let the app wait for ever', () => {
  expect(() =>
    checkStored({ spec: { initContainers: [{ name: 'packet-capture' }] } }, addition, 'deployment/web'),
  ).toThrow(
    expect.objectContaining({ code: 'NOT_INJECTABLE', where: 'deployment/web', hint: expect.stringContaining('1.29') }),
  );
  expect(() => checkStored({ spec: {} }, addition, 'deployment/web')).toThrow(
    expect.objectContaining({ code: 'NOT_INJECTABLE' }),
  );
});

test("an ordinary init container of the user's own is not asked for it", () => {
  const own = { ...addition, initContainers: [{ name: 'setup' }] };
  expect(() =>
    checkStored({ spec: { initContainers: [{ name: 'setup', image: 'a' }] } }, own, 'deployment/web'),
  ).not.toThrow();
});
