import { expect, test } from 'vitest';
import { podSecurityLevel } from '../../../src/inject/index.ts';

test.each([
  [undefined, 'privileged'],
  [{}, 'privileged'],
  [{ 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/audit': 'restricted' }, 'privileged'],
  [{ 'pod-security.kubernetes.io/enforce': 'privileged' }, 'privileged'],
  [{ 'pod-security.kubernetes.io/enforce': 'baseline' }, 'baseline'],
  [{ 'pod-security.kubernetes.io/enforce': 'restricted' }, 'restricted'],
  [{ 'pod-security.kubernetes.io/enforce': 'strict' }, 'restricted'],
])('%j enforces %s', (labels, level) => {
  expect(podSecurityLevel(labels)).toBe(level);
});
