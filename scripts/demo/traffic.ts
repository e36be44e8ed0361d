import type { Target } from './target.ts';

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  readonly restarts: number;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly status: {
      readonly podIP?: string;
      readonly containerStatuses?: readonly { readonly restartCount: number }[];
      readonly initContainerStatuses?: readonly { readonly restartCount: number }[];
    };
  }[];
}

/** The living nginx pods of a namespace, with all restarts of their containers added up. */
export async function nginxPods(target: Target, namespace: string): Promise<Pod[]> {
  const { items } = JSON.parse(
    await target.kubectl(['get', 'pods', '-n', namespace, '-l', 'app=nginx', '-o', 'json']),
  ) as PodList;
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, status }) => {
      const containers = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
      const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
      return { namespace, name: metadata.name, ip: status.podIP ?? '', restarts };
    });
}

/** Fetches the start page of `to` from within the nginx container of `from`; needs nothing there but bash. */
export async function fetchPage(target: Target, from: Pod, to: Pod): Promise<string> {
  return inNginx(
    target,
    from,
    `exec 3<>/dev/tcp/${to.ip}/80; printf 'GET / HTTP/1.0\\r\\nHost: demo\\r\\n\\r\\n' >&3; cat <&3`,
  );
}

/** Sends `count` UDP datagrams to a port of `to` where nobody listens. */
export async function sendDatagrams(target: Target, from: Pod, to: Pod, port: number, count: number): Promise<void> {
  await inNginx(
    target,
    from,
    `for i in $(seq ${count}); do echo "datagram $i" >/dev/udp/${to.ip}/${port}; done 2>/dev/null; true`,
  );
}

async function inNginx(target: Target, pod: Pod, script: string): Promise<string> {
  return target.kubectl(['exec', '-n', pod.namespace, pod.name, '-c', 'nginx', '--', 'bash', '-c', script]);
}
