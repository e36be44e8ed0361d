import { expect, test } from 'vitest';
import { attachedAgent, attachedFindings, attachedText } from '../../../../src/diagnosis/judge/attachedFindings.ts';
import type { JudgedPod } from '../../../../src/diagnosis/judge/judgePods.ts';
import type { Pod } from '../../../../src/kubernetes/api/types.ts';

const container = { name: 'packet-capture', command: ['/usr/bin/packet-capture-agent', 'run', '--attached'] };

function attached(name: string, state: object): Pod {
  return {
    metadata: { name, namespace: 'shop' },
    spec: { ephemeralContainers: [container] },
    status: { phase: 'Running', ephemeralContainerStatuses: [{ name: 'packet-capture', state }] },
  };
}

const waiting = { reason: 'ErrImagePull', message: 'not found' };

test.each([
  [{ running: {} }, 'running', null, 'its container packet-capture runs'],
  [{ waiting: { reason: 'ContainerCreating' } }, 'starting', null, 'its container packet-capture has not started'],
  [{ waiting }, 'starting', 'ErrImagePull: not found', 'has not started: ErrImagePull: not found'],
  [{ terminated: { exitCode: 0 } }, 'ended', null, 'its container packet-capture has ended'],
  [{ terminated: { exitCode: 137, reason: 'OOMKilled' } }, 'ended', 'exit code 137 (OOMKilled)', 'exit code 137'],
])('an agent whose state is %j', (given, state, problem, text) => {
  const agent = attachedAgent(attached('web-1', given));
  expect(agent).toEqual({ container: 'packet-capture', state, problem });
  expect(agent === undefined ? '' : attachedText(agent)).toContain(text);
});

test('check counts the agents that run, and reports the others in one line for each problem and workload', () => {
  const pods = [
    attached('web-1', { running: {} }),
    attached('web-2', { running: {} }),
    attached('web-3', { terminated: { exitCode: 0 } }),
    attached('web-4', { waiting }),
    { metadata: { name: 'web-5' } },
  ];
  const judged = pods.map((pod) => ({
    subject: { pod, namespace: 'shop', namespaceLabels: {}, owners: [] },
    judgement: { carries: false, facts: undefined, conditions: [], asks: false, reason: undefined },
  })) as readonly JudgedPod[];
  expect(attachedFindings(judged, 'the cluster')).toMatchObject([
    { code: 'pods_attached', level: 'ok', where: 'the cluster', what: '2 pods have an attached agent that runs' },
    {
      code: 'attached_failing',
      level: 'warning',
      where: 'pod/web-4 in shop',
      what: '1 pod: container packet-capture: ErrImagePull: not found',
    },
  ]);
  expect(attachedFindings(judged.slice(4), 'the cluster')).toEqual([]);
});
