import { appPod } from '../cluster/apps.ts';

const probe = `      readinessProbe:
        httpGet: {port: 80}
        periodSeconds: 1
        timeoutSeconds: 5
`;

/** A pod of an app that the kubelet asks every second whether it is ready. */
export function servingPod(namespace: string, name: string, spec = ''): string {
  return appPod(namespace, name, { graceSeconds: 5, spec, container: probe });
}
