import { nodeAddress } from '../../../scripts/cluster/machine.ts';
import { nginxImage } from '../cluster/clusterFixture.ts';

/** Where the apps send their requests; nobody listens there. */
export const requestPort = 9999;

export interface FailingApp {
  readonly name: string;
  /** The label `app`. */
  readonly label: string;
  /** Bash: `$run` is the number of this run of the container, and `say TEXT` sends a request. */
  readonly script: string;
  /** More of its container. */
  readonly container?: object;
}

/** A pod of an app that fails, in JSON. */
export function failingPod(namespace: string, { name, label, script, container = {} }: FailingApp): string {
  const lines = [
    `say() { echo "$1" > /dev/udp/${nodeAddress}/${requestPort}; }`,
    'run=$(( $(cat /state/run 2> /dev/null || echo 0) + 1 )); echo $run > /state/run',
    script,
  ];
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: label } },
    spec: {
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      volumes: [{ name: 'state', emptyDir: {} }],
      containers: [
        {
          name: 'app',
          image: nginxImage,
          command: ['bash', '-c', lines.join('\n')],
          volumeMounts: [{ name: 'state', mountPath: '/state' }],
          ...container,
        },
      ],
    },
  });
}

/** Seconds that a run lasts until it fails: so long a keep takes, and the watch has begun. */
const untilFailure = 15;

/** Fails in its first run only. */
const once = (failure: string): string =>
  `[ $run = 1 ] || sleep infinity\nsleep ${untilFailure}\n${failure}\nsleep infinity`;

/** One that takes more memory than it may have, one that ends again and again, one whose liveness probe fails. */
export function failingApps(label: string): FailingApp[] {
  return [
    {
      name: 'oom',
      label,
      script: once('say "oom 1"; sleep 0.5; x=$(head -c 400m /dev/zero | tr "\\0" x)'),
      container: { resources: { limits: { memory: '64Mi' } } },
    },
    {
      name: 'loop',
      label,
      // The exit code says which run it was.
      script: `sleep ${untilFailure}\nsay "loop $run"\nsleep 0.5\nexit $(( 40 + run ))`,
    },
    {
      name: 'probe',
      label,
      script: once('say "probe 1"; touch /tmp/broken'),
      container: {
        livenessProbe: { exec: { command: ['test', '!', '-e', '/tmp/broken'] }, periodSeconds: 1, failureThreshold: 2 },
      },
    },
    { name: 'sound', label, script: 'while sleep 1; do say sound; done' },
  ];
}
