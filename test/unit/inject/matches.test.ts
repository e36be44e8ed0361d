import { expect, test } from 'vitest';
import { matches } from '../../../src/inject/matches.ts';

const wanted = {
  name: 'monitor',
  image: 'monitor:1',
  stdin: true,
  stdinOnce: false,
  args: [],
  env: [{ name: 'A', value: '' }],
  livenessProbe: { initialDelaySeconds: 0, exec: { command: ['true'] } },
  resources: { limits: { cpu: 0.1, memory: '32768Ki' }, requests: { cpu: '100m' } },
};

/** The form that the API server stores: with defaults, without zero values, with normalised quantities. */
const stored = {
  name: 'monitor',
  image: 'monitor:1',
  imagePullPolicy: 'IfNotPresent',
  stdin: true,
  env: [{ name: 'A' }],
  livenessProbe: { periodSeconds: 10, exec: { command: ['true'] } },
  resources: { limits: { cpu: '100m', memory: '32Mi' }, requests: { cpu: '100m' } },
  terminationMessagePath: '/dev/termination-log',
};

test('the stored form of a container matches the container', () => {
  expect(matches(stored, wanted)).toBe(true);
});

test.each([
  ['another image', { ...stored, image: 'monitor:2' }],
  ['no stdin', { ...stored, stdin: undefined }],
  ['an argument more', { ...stored, args: ['x'] }],
  ['another environment', { ...stored, env: [{ name: 'A', value: 'b' }] }],
  ['another limit', { ...stored, resources: { ...stored.resources, limits: { cpu: '101m', memory: '32Mi' } } }],
  ['no limits', { ...stored, resources: {} }],
])('a container with %s does not match', (_, present) => {
  expect(matches(present, wanted)).toBe(false);
});

test('quantities are compared by amount, and other fields by text', () => {
  expect(matches({ sizeLimit: '1Gi' }, { sizeLimit: '1024Mi' })).toBe(true);
  expect(matches({ value: '1' }, { value: '1000m' })).toBe(false);
});

test('an empty mapping is significant: a volume of another kind does not match', () => {
  expect(matches({ name: 'v', hostPath: { path: '/' } }, { name: 'v', emptyDir: {} })).toBe(false);
  expect(matches({ name: 'v', emptyDir: {} }, { name: 'v', emptyDir: {} })).toBe(true);
});
