import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeAgent } from '../../../src/captures/agentVerdict.ts';
import { parseAgentStatus, parseKeepNote } from '../../../src/captures/parseAgentStatus.ts';
import { readStatus } from '../../../src/captures/readStatus.ts';
import { formatStatus } from '../../../src/captures/statusTable.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';

const now = new Date('2026-11-23T12:00:00Z');

/** One with every member. */
const whole = {
  time: '2026-11-23T11:59:59Z',
  version: '0.1.0',
  state: 'capturing',
  reason: 'x',
  settings: { filter: 'tcp' },
  started: '2026-11-23T11:00:00Z',
  interfaces: ['eth0'],
  filter: 'tcp',
  snaplen: 0,
  file: '/captures/a.pcapng',
  files: 1,
  packets: 2,
  bytes: 3,
  dropped: { kernel: 1, interface: 2, queue: 3 },
  ring: { files: 4, bytes: 5 },
  kept: {
    keeps: 2,
    files: 3,
    bytes: 4,
    limit: 9,
    ids: ['20261123T110000Z', '20261123T110000Z-2'],
    lasting: ['20261123T110000Z-2'],
    pending: 1,
    leftOut: 2,
    removed: 3,
    failed: 4,
  },
  upload: { pending: 1, pendingBytes: 2, lost: 3, lastError: 'e' },
  stream: { state: 'connected', lastError: '' },
  mirror: { state: 'mirroring', reason: '', destination: 'vxlan://h', packets: 1, bytes: 2, dropped: 3 },
  invalid: [{ setting: 'filter', value: 'x', reason: 'syntax error' }],
  lastError: { time: '2026-11-23T11:00:00Z', reason: 'r' },
};

function shown(text: string): string[] {
  const asked = parseAgentStatus(text);
  const answer =
    'problem' in asked ? { status: null, problem: asked.problem } : { status: asked.status, problem: null };
  if (answer.status !== null)
    judgeAgent(answer.status, {
      values: { state: 'running', filter: 'x' },
      changed: ['filter'],
      mirrors: true,
      fileBefore: undefined,
    });
  return formatStatus([{ namespace: 'a', pod: 'b', node: null, phase: 'Running', ...answer }], {
    namespaces: true,
    now,
  });
}

test('the status of an agent is read unchanged', () => {
  expect(parseAgentStatus(JSON.stringify(whole))).toEqual({ status: whole });
  const headers = { ...whole, snaplen: 'headers' };
  expect(parseAgentStatus(JSON.stringify(headers))).toEqual({ status: headers });
});

test('and nothing is added to it', () => {
  expect(parseAgentStatus(JSON.stringify({ ...whole, future: { a: 1 }, __proto__: { b: 1 } }))).toEqual({
    status: whole,
  });
});

describe('fields of another type are left out, and the rest stays', () => {
  test.each([
    ['filter', 5],
    ['invalid', 5],
    ['ring', null],
    ['dropped', null],
    ['reason', 5],
    ['packets', '\u001B[2J'],
    ['packets', -1],
    ['packets', 1.5],
    ['packets', 1e300],
    ['ring', { files: '9' }],
    ['settings', 'x'],
    ['interfaces', { length: 5 }],
    ['lastError', 'x'],
    ['lastError', { reason: 5 }],
    ['mirror', []],
    ['upload', 'x'],
    ['invalid', [null, 5, { setting: 'a' }]],
    ['time', {}],
    ['snaplen', 'x'],
  ])('%s: %j', (member, value) => {
    const asked = parseAgentStatus(JSON.stringify({ ...whole, [member]: value }));
    expect(asked).toHaveProperty('status.state', 'capturing');
    expect(shown(JSON.stringify({ ...whole, [member]: value }))).toHaveLength(2);
  });

  test('for any JSON in the place of any member', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(whole)), fc.jsonValue(), (member, value) => {
        expect(shown(JSON.stringify({ ...whole, [member]: value }))).toHaveLength(2);
      }),
      { numRuns: 500 },
    );
  });

  test('for any JSON in the place of any member of a member, and for any text', () => {
    const nested = Object.entries(whole).flatMap(([key, value]) =>
      typeof value === 'object' ? Object.keys(value).map((inner) => [key, inner] as const) : [],
    );
    fc.assert(
      fc.property(fc.constantFrom(...nested), fc.jsonValue(), ([key, inner], value) => {
        const member = whole[key as keyof typeof whole] as object;
        const changed = Array.isArray(member) ? [value] : { ...member, [inner]: value };
        expect(shown(JSON.stringify({ ...whole, [key]: changed }))).toHaveLength(2);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => shown(text).length === 2));
  });
});

test('every part of it has a limit', () => {
  const long = 'x'.repeat(20_000);
  const asked = parseAgentStatus(
    JSON.stringify({
      ...whole,
      reason: long,
      interfaces: Array.from({ length: 500 }, () => long),
      settings: Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${index}`, long])),
    }),
  );
  expect(JSON.stringify(asked).length).toBeLessThan(64 * 16_384 + 50_000);
  expect(shown(JSON.stringify({ ...whole, reason: long, filter: long })).every((line) => line.length < 400)).toBe(true);
});

test('invalid JSON of one pod does not hide the status of another', async () => {
  const pod = (name: string): object => ({
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: name },
    spec: { initContainers: [{ name: 'packet-capture' }], nodeName: 5 },
    status: { phase: ['x'], initContainerStatuses: [{ name: 'packet-capture', state: { running: {} } }, 5] },
  });
  const answers: Readonly<Record<string, string>> = {
    evil: '{"state":"capturing","filter":5,"ring":null,"invalid":5}',
    good: JSON.stringify(whole),
  };
  const kubectl: Kubectl = async (args) => {
    const stdout =
      args[0] === 'exec'
        ? (answers[args[1] ?? ''] ?? '')
        : JSON.stringify({ kind: 'List', items: [null, 5, {}, { metadata: 5 }, pod('evil'), pod('good')] });
    return { stdout, stderr: '' };
  };
  const { pods } = await readStatus(kubectl, { allNamespaces: true });
  expect(pods.map(({ pod: name, status }) => [name, status?.packets])).toEqual([
    ['evil', undefined],
    ['good', 2],
  ]);
});

describe('keep.json', () => {
  const note = {
    id: '20261123T110000Z',
    from: '2026-11-23T10:50:00Z',
    to: '2026-11-23T11:00:00Z',
    requestedAt: '2026-11-23T11:00:00Z',
    bytes: 2,
    packets: 3,
    dropped: 4,
    complete: true,
    ended: '2026-11-23T11:00:01Z',
    truncated: { files: 5, bytes: 6 },
  };

  test('is read, with the number of its files', () => {
    expect(parseKeepNote(JSON.stringify({ ...note, files: [{}, {}], reason: 'x' }))).toEqual({ ...note, files: 2 });
  });

  test.each(['', '[]', '{}', '{"id":"../x"}', '{"id":".."}', '{"id":7}'])('is not %s', (text) => {
    expect(parseKeepNote(text)).toBe(undefined);
  });

  test('has no fields of another type', () => {
    const odd = { id: 'a', from: 1, files: 7, bytes: -1, packets: '1', complete: 'yes', truncated: [] };
    expect(parseKeepNote(JSON.stringify(odd))).toEqual({ id: 'a' });
  });
});
