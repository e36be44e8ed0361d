import { kube, nginxImage, yamlDocument } from '../cluster/clusterFixture.ts';

/** The namespace that the documents write of. */
export const shop = 'shop';

/** What a client asks of the app: pages that are there, and one that is not. */
const ask = `while true; do for page in / / / /missing; do
  exec 3<>/dev/tcp/$WEB_SERVICE_HOST/80 && printf 'GET %s HTTP/1.0\\r\\nHost: web\\r\\n\\r\\n' $page >&3 && cat <&3 >/dev/null
  sleep 0.2
done; done`;

/** A Deployment of nginx, or of a command in its image. */
export function shopApp(name: string, replicas: number, command?: readonly string[]): object {
  const container = { name: 'nginx', image: nginxImage, ...(command && { command }) };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: shop, labels: { app: name } },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        // The page's own manifest names no such time; the client alone does not end when it is told.
        spec: { containers: [container], ...(command && { terminationGracePeriodSeconds: 0 }) },
      },
    },
  };
}

/** The command of a client of the app. */
export const clientCommand: readonly string[] = ['bash', '-c', ask];

/** Opens the shop of the documents anew: the Deployment `web` with two pods, its Service, and a client; and more. */
export async function openShop(...more: readonly object[]): Promise<void> {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: shop },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  };
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: shop } },
    service,
    shopApp('web', 2),
    shopApp('client', 1, clientCommand),
    ...more,
  ];
  await kube(['delete', 'namespace', shop, 'packet-capture', '--ignore-not-found', '--wait']);
  await kube(['apply', '-f', '-'], objects.map(yamlDocument).join(''));
  for (const name of ['web', 'client']) await kube(['rollout', 'status', '-n', shop, `deployment/${name}`]);
}

/** Takes it away. */
export async function closeShop(): Promise<void> {
  await kube(['delete', 'namespace', shop, 'packet-capture', '--ignore-not-found', '--wait=false']);
}
