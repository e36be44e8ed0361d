import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { nginxImage } from './clusterFixture.ts';

export interface AppPodOptions {
  readonly graceSeconds?: number;
  /** More lines of its spec, indented by two. */
  readonly spec?: string;
  /** More lines of its container, indented by six. */
  readonly container?: string;
}

/** A pod of nginx, as its user would have written it. */
export function appPod(
  namespace: string,
  name: string,
  { graceSeconds = 10, spec = '', container = '' }: AppPodOptions = {},
): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  terminationGracePeriodSeconds: ${graceSeconds}
${spec}  containers:
    - name: app
      image: ${nginxImage}
${container}`;
}

/** A Deployment of pods that do nothing. */
export function pauseDeployment(namespace: string, name: string, replicas: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  replicas: ${replicas}
  selector:
    matchLabels: {app: ${name}}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      terminationGracePeriodSeconds: 0
      automountServiceAccountToken: false
      containers:
        - name: app
          image: ${pauseImage}
          imagePullPolicy: Never
`;
}
