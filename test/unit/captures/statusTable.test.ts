import { expect, test } from 'vitest';
import type { AgentStatus } from '../../../src/captures/agentStatus.ts';
import { parseAgentStatus } from '../../../src/captures/parseAgentStatus.ts';
import type { PodStatus } from '../../../src/captures/readStatus.ts';
import { formatStatus } from '../../../src/captures/statusTable.ts';

const now = new Date('2026-11-23T12:00:00Z');

function row(pod: string, status: AgentStatus | null, problem: string | null = null): PodStatus {
  return { namespace: 'shop', pod, node: 'node0', phase: 'Running', status, problem };
}

const capturing: AgentStatus = {
  time: '2026-11-23T11:59:59Z',
  version: '0.1.0',
  state: 'capturing',
  reason: '',
  filter: 'tcp port 80',
  files: 40,
  packets: 4711,
  bytes: 3_145_728,
  dropped: { kernel: 10, interface: 0, queue: 2 },
  ring: { files: 9, bytes: 9 },
  upload: { pending: 2, pendingBytes: 2048, lost: 1 },
  invalid: [],
  lastError: { time: '2026-11-23T11:57:00Z', reason: 'there is no interface net1' },
};

test('there is one line for each pod, with the reason if it could not be asked', () => {
  const pods = [
    row('web-1', capturing),
    row('web-2', { state: 'idle', reason: 'duration', version: '0.1.0' }),
    row('web-3', null, 'its container packet-capture does not run; the pod is Pending'),
  ];
  const cells = formatStatus(pods, { namespaces: false, now }).map((line) => line.split(/ {2,}/));
  expect(cells).toEqual([
    ['POD', 'STATE', 'FILTER', 'FILES', 'PACKETS', 'BYTES', 'DROPPED', 'BACKLOG', 'VERSION', 'LAST ERROR'],
    [
      'web-1',
      'capturing',
      'tcp port 80',
      '9',
      '4711',
      '3.0Mi',
      '12 (kernel 10, queue 2)',
      '2 (2.0Ki), 1 lost',
      '0.1.0',
      'there is no interface net1 (3m ago)',
    ],
    ['web-2', 'idle (duration)', '-', '0', '0', '0', '0', '-', '0.1.0', '-'],
    [
      'web-3',
      'unknown',
      '-',
      '-',
      '-',
      '-',
      '-',
      '-',
      '-',
      'its container packet-capture does not run; the pod is Pending',
    ],
  ]);
});

test('kept files have a column if a pod has some: their number, and those without room or removed for others', () => {
  const kept = { keeps: 2, files: 3, bytes: 3_145_728, leftOut: 0, removed: 0 };
  const pods = [
    row('web-1', { ...capturing, kept }),
    row('web-2', { ...capturing, kept: { ...kept, leftOut: 4, removed: 1 } }),
    row('web-3', { ...capturing, kept: { keeps: 0, files: 0, bytes: 0 } }),
    row('web-4', null, 'no answer'),
  ];
  const cells = formatStatus(pods, { namespaces: false, now }).map((line) => line.split(/ {2,}/));
  expect(cells.map((line) => line[4])).toEqual([
    'KEPT',
    '3 (3.0Mi)',
    '3 (3.0Mi), 4 without room, 1 replaced',
    '0',
    '-',
  ]);
  expect(new Set(cells.map((line) => line.length))).toEqual(new Set([11]));
  const [heading] = formatStatus(pods.slice(2), { namespaces: false, now });
  expect(heading).not.toContain('KEPT');
});

test('a mirror has a column with its destination and its packets', () => {
  const mirror = { state: 'mirroring', destination: 'vxlan://10.0.0.9?vni=42', packets: 4711, bytes: 99, dropped: 0 };
  const pods = [
    row('web-1', { ...capturing, mirror }),
    row('web-2', { ...capturing, mirror: { ...mirror, dropped: 3 } }),
    row('web-3', { ...capturing, mirror: { state: 'waiting', reason: 'it has no container packet-capture-mirror' } }),
    row('web-4', capturing),
    row('web-5', null, 'gone'),
  ];
  const cells = formatStatus(pods, { namespaces: false, now }).map((line) => line.split(/ {2,}/));
  expect(cells[0]?.slice(8)).toEqual(['MIRROR', 'VERSION', 'LAST ERROR']);
  expect(cells.slice(1).map((line) => line[8])).toEqual([
    'vxlan://10.0.0.9?vni=42 4711',
    'vxlan://10.0.0.9?vni=42 4711, 3 dropped',
    'waiting',
    '-',
    '-',
  ]);
  expect(cells[3]?.at(-1)).toBe('mirror: it has no container packet-capture-mirror');
  expect(cells[5]).toHaveLength(11);
});

test('namespaces have a column of their own where there are several', () => {
  const [heading = '', line = ''] = formatStatus([row('web-1', capturing)], { namespaces: true, now });
  expect(heading).toMatch(/^NAMESPACE {2}POD {4}STATE/);
  expect(line).toMatch(/^shop {7}web-1 {2}capturing/);
});

test('what prevents the capture now is shown before older errors', () => {
  const last = (status: AgentStatus): string =>
    formatStatus([row('a', status)], { namespaces: false, now })[1]
      ?.split('  ')
      .at(-1) ?? '';
  const invalid = [{ setting: 'filter', value: 'tcp prt', reason: 'syntax error' }];
  expect(last({ ...capturing, state: 'invalid', invalid })).toBe('filter: syntax error');
  expect(last({ ...capturing, state: 'waiting', reason: 'no interface is up except lo' })).toBe(
    'no interface is up except lo',
  );
});

test('no text of an agent can move the cursor or break the table', () => {
  const filter = `host a\u001B[2J\n${'x'.repeat(60)}`;
  const [, line = '', ...rest] = formatStatus([row('a', { ...capturing, filter })], { namespaces: false, now });
  expect(rest).toEqual([]);
  expect(line).toContain(`host a${String.raw`\u001b`}[2J ${'x'.repeat(23)}…  `);
});

test('an answer that is not a status is a problem of the pod, not an error of the command', () => {
  expect(parseAgentStatus('{"state":"idle"}\n')).toEqual({ status: { state: 'idle' } });
  for (const text of ['', '{', '[]', 'null', '{"state":1}', '"idle"'])
    expect(parseAgentStatus(text), text).toHaveProperty('problem');
});

test('an attached agent has a column with its end, which is empty for other pods', () => {
  const pods = [
    row('web-1', { state: 'idle', attached: { until: '2026-11-23T12:50:00Z' } }),
    row('web-2', { state: 'idle', attached: { until: '2026-11-23T11:59:00Z' } }),
    row('web-3', { state: 'idle' }),
    row('web-4', null, 'it does not answer'),
  ];
  const [heading = '', ...lines] = formatStatus(pods, { namespaces: false, now });
  const at = heading.split(/ {2,}/).indexOf('ATTACHED');
  expect(lines.map((line) => line.split(/ {2,}/)[at])).toEqual(['ends in 50m', 'is ending', '-', '-']);
  expect(parseAgentStatus('{"state":"idle","attached":{"until":"2026-11-23T12:50:00Z","x":1}}')).toEqual({
    status: { state: 'idle', attached: { until: '2026-11-23T12:50:00Z' } },
  });
});
