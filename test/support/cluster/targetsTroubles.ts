import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { inject } from 'vitest';
import { inNetns, nodeAddress } from '../../../scripts/cluster/machine.ts';

const node = inject('node');

/** Fails every change of a Deployment in a namespace, or of that one: nobody answers at its address. */
export function brokenWebhook(namespace: string, app?: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'broken.packet-capture.internal',
        clientConfig: { url: `https://${nodeAddress}:31502/` },
        rules: [{ operations: ['UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        ...(app === undefined ? {} : { objectSelector: { matchLabels: { app } } }),
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        failurePolicy: 'Fail',
      },
    ],
  };
}

/** Hands connections on to the API server, and ends every second one as soon as something was sent. */
export async function startRelay(
  port: number,
): Promise<{ readonly dropped: () => number; readonly stop: () => Promise<void> }> {
  const script = `
    const net = require('node:net');
    let count = 0;
    net.createServer((incoming) => {
      incoming.on('error', () => {});
      count += 1;
      if (count % 2 === 1) return incoming.once('data', () => { console.log('dropped'); incoming.destroy(); });
      const outgoing = net.connect(6443, '${nodeAddress}');
      outgoing.on('error', () => incoming.destroy());
      incoming.pipe(outgoing).pipe(incoming);
    }).listen(${port}, '${nodeAddress}', () => console.log('listening'));`;
  const [file = '', ...args] = inNetns(node.netns, [process.execPath, '-e', script]);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child.stdout, 'data');
  return {
    dropped: () => output.split('dropped').length - 1,
    stop: async () => {
      child.kill();
      await once(child, 'close');
    },
  };
}
