import { describe, expect, test } from 'vitest';
import { imageTrialPod, judgeTrial, type ImageTrialPod } from '../../../src/dryRun/imageTrialPod.ts';

type Pod = Required<Pick<ImageTrialPod, 'metadata'>> & ImageTrialPod;

function podIn(state: object, more: object = {}): Pod {
  return {
    metadata: { name: 'trial' },
    spec: { nodeName: 'node0' },
    status: { containerStatuses: [{ state }], ...more },
  };
}

function waiting(reason: string, message = ''): Pod {
  return podIn({ waiting: { reason, message } });
}

/** As kubelets of 1.37 and 1.31 with containerd 2 write them. */
const missing =
  'Back-off pulling image "localhost/none:1": ErrImagePull: failed to pull and unpack image "localhost/none:1": failed to resolve image: localhost/none:1: not found';
const refused =
  'failed to pull and unpack image "r.example/a:1": failed to resolve reference "r.example/a:1": failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized';
const otherArchitecture =
  'failed to pull and unpack image "r.example/a:1": no match for platform in manifest: not found';
const passing =
  'failed to pull image "r.example/a:1": failed to do request: Head "https://r.example/v2/a": dial tcp: i/o timeout';

describe('judgeTrial', () => {
  test.each([
    ['a program that has ended well', podIn({ terminated: { exitCode: 0 } }), 'starts'],
    ['an agent of before --version, which goes on', podIn({ running: { startedAt: 'now' } }), 'starts'],
    ['a container that is being made', waiting('ContainerCreating'), 'waiting'],
    ['an image that is not there', waiting('ImagePullBackOff', missing), 'failed'],
    ['a registry that wants a login', waiting('ErrImagePull', refused), 'failed'],
    ['an image of another architecture', waiting('ErrImagePull', otherArchitecture), 'failed'],
    ['a registry that does not answer just now', waiting('ErrImagePull', passing), 'failing'],
    ['the back-off behind it', waiting('ImagePullBackOff', `Back-off pulling image: ${passing}`), 'failing'],
    [
      'an image that must not be pulled',
      waiting('ErrImageNeverPull', 'Container image "a" is not present with pull policy of Never'),
      'failed',
    ],
    ['a name that is none', waiting('InvalidImageName', 'couldn’t parse image name'), 'failed'],
    [
      'an image that would run as root',
      waiting('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root'),
      'failed',
    ],
    [
      'a program for another processor',
      podIn({
        terminated: {
          exitCode: 255,
          reason: 'Error',
          message: 'exec /usr/bin/packet-capture-agent: exec format error',
        },
      }),
      'failed',
    ],
    [
      'a program that the image lacks',
      podIn({ terminated: { exitCode: 128, reason: 'StartError', message: 'no such file or directory' } }),
      'failed',
    ],
    [
      'a pod that no node takes',
      {
        metadata: { name: 'trial' },
        status: {
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
        },
      },
      'waiting',
    ],
    ['a pod of which nothing is known yet', { metadata: { name: 'trial' } }, 'waiting'],
  ] as const)('%s', (_, pod, state) => {
    expect(judgeTrial(pod).state).toBe(state);
  });

  test('returns the reason and the message of Kubernetes, and the node', () => {
    expect(judgeTrial(waiting('ImagePullBackOff', missing))).toEqual({
      state: 'failed',
      reason: 'ImagePullBackOff',
      message: missing,
      node: { node: 'node0' },
    });
    const unplaced = {
      metadata: { name: 'trial' },
      status: {
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
      },
    };
    expect(judgeTrial(unplaced)).toEqual({ state: 'waiting', reason: 'Unschedulable', message: '0/1 nodes', node: {} });
  });
});

describe('imageTrialPod', () => {
  const container = {
    name: 'packet-capture',
    image: 'r.example/a:1',
    imagePullPolicy: 'Always',
    resources: { limits: { cpu: '1' } },
    securityContext: { runAsUser: 7, capabilities: { add: ['NET_RAW'] } },
  };

  test("has the workload's placement and pull secrets, and shares nothing else with it", () => {
    const like = {
      metadata: { labels: { app: 'web' }, annotations: { secret: 'x' } },
      spec: {
        serviceAccountName: 'shop',
        nodeSelector: { arch: 'arm64' },
        tolerations: [{ key: 'gpu' }],
        runtimeClassName: 'kata',
        affinity: { nodeAffinity: { a: 1 }, podAntiAffinity: { b: 1 } },
        containers: [{ name: 'app', image: 'app' }],
        volumes: [{ name: 'data' }],
      },
    };
    expect(
      imageTrialPod({ name: 'trial', container, like, pullSecrets: [{ name: 'login' }], deadlineSeconds: 60 }),
    ).toMatchObject({
      metadata: {
        labels: { 'app.kubernetes.io/name': 'packet-capture-image-trial' },
        annotations: { 'packet-capture/inject': 'false' },
      },
      spec: {
        serviceAccountName: 'shop',
        nodeSelector: { arch: 'arm64' },
        tolerations: [{ key: 'gpu' }],
        runtimeClassName: 'kata',
        affinity: { nodeAffinity: { a: 1 } },
        imagePullSecrets: [{ name: 'login' }],
        activeDeadlineSeconds: 60,
        restartPolicy: 'Never',
      },
    });
    expect(
      JSON.stringify(imageTrialPod({ name: 'trial', container, like, pullSecrets: [], deadlineSeconds: 60 })),
    ).not.toMatch(/"app":|podAntiAffinity|"data"|secret/);
  });

  test('is accepted by Pod Security restricted, whatever the sidecar has', () => {
    const { spec } = imageTrialPod({ name: 'trial', container, like: {}, pullSecrets: [], deadlineSeconds: 60 }) as {
      readonly spec: { readonly containers: readonly object[] };
    };
    expect(spec.containers).toMatchObject([
      {
        image: 'r.example/a:1',
        imagePullPolicy: 'Always',
        resources: { limits: { cpu: '1' } },
        command: ['/usr/bin/packet-capture-agent', '--version'],
        securityContext: {
          runAsUser: 7,
          runAsNonRoot: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        },
      },
    ]);
    expect(JSON.stringify(spec)).not.toContain('NET_RAW');
  });
});
