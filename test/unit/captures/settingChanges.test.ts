import { describe, expect, test } from 'vitest';
import { templateOperations } from '../../../src/captures/persist.ts';
import {
  changedAnnotations,
  changesText,
  effectiveChanges,
  effectiveValues,
  changedRingProblem,
  settingChanges,
} from '../../../src/captures/settingChanges.ts';

const annotations = {
  'packet-capture/state': 'idle',
  'packet-capture/filter': '',
  'packet-capture/rotate': '5s',
  other: 'x',
};

describe('settingChanges', () => {
  test('are the differences; an empty value removes the annotation', () => {
    const changes = settingChanges(annotations, { state: 'running', filter: 'port 80', rotate: '', duration: '' });
    expect(changes).toEqual([
      { setting: 'state', old: 'idle', new: 'running' },
      { setting: 'filter', old: null, new: 'port 80' },
      { setting: 'rotate', old: '5s', new: null },
    ]);
    expect(changedAnnotations(changes)).toEqual({
      'packet-capture/state': 'running',
      'packet-capture/filter': 'port 80',
      'packet-capture/rotate': null,
    });
    expect(changesText(changes)).toBe('state idle → running, filter default → "port 80", rotate 5s → default');
  });

  test('are empty when nothing differs', () => {
    expect(settingChanges(annotations, { state: 'idle', rotate: '5s', filter: '' })).toEqual([]);
  });
});

test('effectiveValues has the given value, else that of the environment, else the default', () => {
  const defaults = { filter: 'port 53' };
  expect(effectiveValues({ defaults }, { state: 'running', filter: '', rotate: '', snaplen: '96' })).toEqual({
    state: 'running',
    filter: 'port 53',
    rotate: '60s',
    snaplen: '96',
  });
});

test('an annotation that repeats the default is no change for the agent', () => {
  const changes = settingChanges(
    { 'packet-capture/filter': 'port 53' },
    { state: 'running', filter: '', rotate: '5s' },
  );
  expect(effectiveChanges({ defaults: { filter: 'port 53' } }, changes)).toEqual(['rotate']);
  expect(effectiveChanges({ defaults: { state: 'idle' } }, changes)).toEqual(['state', 'filter', 'rotate']);
});

describe('changedRingProblem', () => {
  const pod = {
    annotations: { 'packet-capture/file-count': '4' },
    defaults: { 'file-size': '2Mi' },
    volumeBytes: 24 * 1024 ** 2,
  };

  test('is a ring that does not fit into the volume, wherever the other half comes from', () => {
    expect(changedRingProblem(pod, { 'file-size': '5Mi' })).toBe(
      '4 files of 5Mi, and a spare one, do not fit into its volume of 24Mi',
    );
    expect(changedRingProblem(pod, { 'file-count': '12' })).toContain('12 files of 2Mi');
    expect(changedRingProblem(pod, { 'file-size': '4Mi' })).toBeUndefined();
    expect(changedRingProblem(pod, { 'file-count': '11' })).toBeUndefined();
  });

  test('is undefined when the ring is not changed, or the volume is not known', () => {
    expect(
      changedRingProblem({ ...pod, annotations: { 'packet-capture/file-count': '99' } }, { state: 'idle' }),
    ).toBeUndefined();
    expect(changedRingProblem({ ...pod, volumeBytes: undefined }, { 'file-size': '1Gi' })).toBeUndefined();
  });

  test('is undefined if the other half is not valid, because the agent reports that', () => {
    const invalid = { ...pod, annotations: { 'packet-capture/file-count': 'many' } };
    expect(changedRingProblem(invalid, { 'file-size': '5Mi' })).toBeUndefined();
  });
});

describe('templateOperations', () => {
  const path = ['spec', 'template'];
  const filter = '/spec/template/metadata/annotations/packet-capture~1filter';

  test('set and remove annotations', () => {
    expect(
      templateOperations(
        { path, template: { metadata: { annotations } } },
        { filter: 'port 80', rotate: '', state: 'idle' },
      ),
    ).toEqual([
      { op: 'add', path: filter, value: 'port 80' },
      { op: 'remove', path: '/spec/template/metadata/annotations/packet-capture~1rotate' },
    ]);
  });

  test('create missing parents', () => {
    const add = { op: 'add', path: filter, value: 'port 80' };
    const parent = (name: string): object => ({ op: 'add', path: `/spec/template/${name}`, value: {} });
    expect(templateOperations({ path, template: { metadata: {} } }, { filter: 'port 80' })).toEqual([
      parent('metadata/annotations'),
      add,
    ]);
    expect(templateOperations({ path, template: {} }, { filter: 'port 80' })).toEqual([
      parent('metadata'),
      parent('metadata/annotations'),
      add,
    ]);
    expect(templateOperations({ path, template: {} }, { filter: '' })).toEqual([]);
  });
});
