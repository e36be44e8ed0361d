import { describe, expect, test } from 'vitest';
import type { AgentStatus } from '../../../src/captures/agentStatus.ts';
import { judgeAgent, type Expectation } from '../../../src/captures/agentVerdict.ts';

const settings = { state: 'running', filter: 'port 80', rotate: '60s' };
const status: AgentStatus = {
  state: 'capturing',
  reason: '',
  settings,
  filter: 'port 80',
  interfaces: ['eth0'],
  file: '/captures/web_2.pcapng',
  invalid: [],
};
const start: Expectation = {
  values: { state: 'running', filter: 'port 80' },
  changed: ['filter'],
  mirrors: false,
  fileBefore: 'web_1.pcapng',
};
const stop: Expectation = { values: { state: 'idle' }, changed: ['state'], mirrors: false, fileBefore: 'web_1.pcapng' };

describe('start', () => {
  test('is done when it captures with the settings, in a new file', () => {
    expect(judgeAgent(status, start)).toEqual({ kind: 'done', text: 'capturing on eth0: port 80' });
    expect(judgeAgent({ ...status, file: '/captures/web_1.pcapng' }, start)).toMatchObject({ kind: 'pending' });
  });

  test('waits for settings that are not seen yet', () => {
    expect(judgeAgent({ ...status, settings: { ...settings, filter: '' } }, start)).toEqual({
      kind: 'unseen',
      text: 'it has not seen the change yet',
    });
    expect(judgeAgent({ ...status, settings: { ...settings, state: 'idle' } }, start)).toMatchObject({
      kind: 'unseen',
    });
  });

  test('is refused if the agent is of a version that does not have the setting', () => {
    const values = { ...start.values, 'keep-port': '9000' };
    const wanted: Expectation = { ...start, values, changed: ['filter', 'keep-port'] };
    expect(judgeAgent({ ...status, version: '0.0.9' }, wanted)).toEqual({
      kind: 'refused',
      text: 'keep-port: its version 0.0.9 does not know it',
    });
    // One that was set before does not concern this change.
    expect(judgeAgent(status, { ...wanted, changed: ['filter'] })).toMatchObject({ kind: 'done' });
    // Before it has read its settings, its status names none.
    expect(judgeAgent({ ...status, settings: {} }, wanted)).toMatchObject({ kind: 'unseen' });
    // A destination with credentials is left out of its status.
    expect(judgeAgent(status, { ...start, values: { upload: 's3:bucket' } })).toMatchObject({ kind: 'unseen' });
  });

  test('a setting that does not begin a new file needs none, nor does an unchanged setting', () => {
    const same = { ...status, file: 'web_1.pcapng' };
    expect(judgeAgent(same, { ...start, changed: ['upload', 'stream'] })).toMatchObject({ kind: 'done' });
    expect(judgeAgent(same, { ...start, changed: [] })).toMatchObject({ kind: 'done' });
    expect(judgeAgent(same, { ...start, changed: ['upload', 'rotate'] })).toMatchObject({ kind: 'pending' });
  });

  test('is refused if the agent reports this value as invalid, and not if it reports the previous one', () => {
    const invalid = (value: string): AgentStatus => ({
      ...status,
      state: 'invalid',
      invalid: [{ setting: 'filter', value, reason: 'syntax error' }],
    });
    expect(judgeAgent(invalid('port 80'), start)).toEqual({ kind: 'refused', text: 'filter: syntax error' });
    expect(judgeAgent(invalid('prt 80'), start)).toMatchObject({ kind: 'pending' });
    const stays = { ...status, state: 'invalid', invalid: [{ setting: 'interfaces', value: '1', reason: 'a number' }] };
    expect(judgeAgent(stays, start)).toMatchObject({ kind: 'refused' });
  });

  test('an invalid destination does not prevent the capture', () => {
    expect(
      judgeAgent({ ...status, invalid: [{ setting: 'upload', value: 'x', reason: 'no remote' }] }, start),
    ).toMatchObject({ kind: 'done' });
  });

  test('reports what it waits for, and that it has ended by itself', () => {
    expect(judgeAgent({ ...status, state: 'waiting', reason: 'there is no interface net1' }, start)).toEqual({
      kind: 'pending',
      text: 'waiting: there is no interface net1',
    });
    expect(judgeAgent({ ...status, state: 'idle', reason: 'packet-count' }, start)).toEqual({
      kind: 'finished',
      text: 'idle (packet-count)',
    });
  });
});

describe('a mirror that is asked for', () => {
  const url = 'vxlan://collector';
  const taken = { ...status, settings: { ...settings, mirror: url }, file: '/captures/web_1.pcapng' };
  const mirrored: Expectation = {
    values: { state: 'running', mirror: url },
    changed: ['mirror'],
    mirrors: true,
    fileBefore: 'web_1.pcapng',
  };

  test('works when its container reports it', () => {
    expect(judgeAgent({ ...taken, mirror: { state: 'mirroring', destination: url } }, mirrored)).toEqual({
      kind: 'done',
      text: 'capturing on eth0: port 80, mirroring to vxlan://collector',
    });
  });

  test('is waited for, and what it waits for is reported', () => {
    expect(judgeAgent(taken, mirrored)).toEqual({ kind: 'pending', text: 'mirror: it has not seen the change yet' });
    expect(
      judgeAgent({ ...taken, mirror: { state: 'mirroring', destination: 'vxlan://other' } }, mirrored),
    ).toMatchObject({ kind: 'pending' });
    expect(
      judgeAgent(
        { ...taken, mirror: { state: 'waiting', destination: url, reason: 'collector has no address' } },
        mirrored,
      ),
    ).toEqual({ kind: 'pending', text: 'mirror: collector has no address' });
    expect(
      judgeAgent({ ...taken, mirror: { state: 'invalid', destination: url, reason: 'no filter' } }, mirrored),
    ).toEqual({ kind: 'refused', text: 'mirror: no filter' });
  });

  test('is not waited for when it is not requested, or not possible', () => {
    expect(judgeAgent(taken, { ...mirrored, mirrors: false })).toMatchObject({ kind: 'done' });
    expect(judgeAgent(taken, { ...mirrored, values: { state: 'running' } })).toMatchObject({ kind: 'done' });
    expect(
      judgeAgent({ ...taken, settings: { ...settings, mirror: '' } }, { ...mirrored, values: { mirror: '' } }),
    ).toMatchObject({ kind: 'done' });
  });
});

test('stop is done when the agent has seen it and does not capture any more, even if it reports another problem', () => {
  const idle = { ...settings, state: 'idle' };
  expect(judgeAgent({ ...status, settings: idle }, stop)).toEqual({ kind: 'pending', text: 'it still captures' });
  expect(judgeAgent({ ...status, settings: idle, state: 'idle', reason: 'state' }, stop)).toEqual({
    kind: 'done',
    text: 'idle',
  });
  expect(
    judgeAgent({ ...status, settings: idle, state: 'invalid', invalid: [{ setting: 'filter', reason: 'x' }] }, stop),
  ).toEqual({ kind: 'done', text: 'invalid' });
  expect(judgeAgent({ ...status, state: 'idle', reason: 'duration' }, stop)).toMatchObject({ kind: 'unseen' });
});
