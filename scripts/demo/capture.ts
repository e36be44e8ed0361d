import { waitForEvent, type AgentEvent } from './events.ts';
import { fetchPage, nginxPods, sendDatagrams, type Pod } from './traffic.ts';
import { namespaces, runCommand, type Demo, type Way } from './ways.ts';

/** Moved to while the capture runs: HTTP is no longer wanted, these datagrams are. */
const movedFilter = { text: 'udp port 5353', port: 5353, datagrams: 3 };

export interface Captured {
  readonly way: Way;
  readonly pod: Pod;
  readonly events: readonly AgentEvent[];
}

/** Fetches a page from one pod to the other, so that both see the exchange. */
export async function captureHttp({ target, progress }: Demo, way: Way): Promise<void> {
  const [from, to] = await twoPods(target, way);
  await Promise.all([from, to].map(async (pod) => waitForEvent(target, pod.namespace, pod.name, 'started', 1, 20)));
  const page = await fetchPage(target, from, to);
  progress(`${from.name} fetched http://${to.ip}/: ${page.split('\r\n')[0] ?? ''}, ${page.length} bytes`);
}

/**
 * Moves the filter of one running capture, and shows that it bites: of the same HTTP exchange and some datagrams, the
 * next file has the datagrams alone.
 * @returns seconds from the command to the new capture
 */
export async function moveFilter(demo: Demo, way: Way): Promise<number> {
  const { target, progress } = demo;
  const [from, to] = await twoPods(target, way);
  const before = performance.now();
  await runCommand(demo, way, ['start', to.name, '--filter', movedFilter.text]);
  await waitForEvent(target, to.namespace, to.name, 'started', 2, 10);
  const seconds = (performance.now() - before) / 1000;
  progress(
    `the capture runs with the new filter ${seconds.toFixed(1)} s later; fetching the page again, and sending ${movedFilter.datagrams} datagrams`,
  );
  await fetchPage(target, from, to);
  await sendDatagrams(target, from, to, movedFilter.port, movedFilter.datagrams);
  return seconds;
}

/** Lets every capture close its file. */
export async function finishCaptures(demo: Demo, ways: readonly Way[]): Promise<Captured[]> {
  const { target } = demo;
  const captured: Captured[] = [];
  for (const way of ways) {
    const namespace = namespaces[way];
    // What has just arrived lies in the kernel's buffer for up to a second.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await runCommand(demo, way, ['stop', '-l', 'app=nginx']);
    for (const pod of await nginxPods(target, namespace)) {
      captured.push({ way, pod, events: await waitForEvent(target, namespace, pod.name, 'idle', 1, 20) });
    }
  }
  return captured;
}

async function twoPods(target: Demo['target'], way: Way): Promise<readonly [Pod, Pod]> {
  const [from, to] = await nginxPods(target, namespaces[way]);
  if (from === undefined || to === undefined) throw new Error(`the Deployment in ${namespaces[way]} has not two pods`);
  return [from, to];
}
