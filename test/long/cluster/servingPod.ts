import { nginxImage } from '../../cluster/workbench.ts';

/** A pod of an app that the kubelet asks every second whether it is ready. */
export function servingPod(namespace: string, name: string, more = ''): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  terminationGracePeriodSeconds: 5
${more}  containers:
    - name: app
      image: ${nginxImage}
      readinessProbe:
        httpGet: {port: 80}
        periodSeconds: 1
        timeoutSeconds: 5
`;
}
