import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timeCommands } from '../support/bench/commands.ts';
import { median, type Figure } from '../support/bench/figure.ts';

/** How long the command line takes to start, beside Node with nothing to do; and as Wireshark starts it. */
export async function benchCommandLine(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-bench-'));
  try {
    const kubeconfig = join(folder, 'config');
    await writeFile(kubeconfig, kubeconfigOf(contexts));
    const own = [process.execPath, 'bin/packet-capture.js'];
    const extcap = ['env', `KUBECONFIG=${kubeconfig}`, `HOME=${folder}`, ...own, '__extcap'];
    const times = await timeCommands(
      {
        bare: [process.execPath, '-e', '0'],
        version: [...own, '--version'],
        interfaces: [...extcap, '--extcap-interfaces', '--extcap-version=4.0'],
        options: [...extcap, '--extcap-config', '--extcap-interface', 'kubernetes-cluster-1'],
      },
      15,
    );
    const bare = median(times.bare);
    const version = median(times.version);
    const beside = (time: number): string => `bare Node ${bare.toFixed(0)} ms, ratio ${(time / bare).toFixed(2)}`;
    const whole = (time: number): Omit<Figure, 'what'> => ({
      measured: `${time.toFixed(0)} ms`,
      goal: 'at most 300 ms',
      beside: beside(time),
    });
    return [
      {
        what: 'start of the command line (`--version`), over bare Node',
        measured: `${(version - bare).toFixed(0)} ms`,
        goal: 'under 100 ms',
        beside: beside(version),
      },
      {
        what: `what Wireshark asks at its start: the interfaces, ${contexts} contexts`,
        ...whole(median(times.interfaces)),
      },
      { what: 'what it asks for each interface then: the options', ...whole(median(times.options)) },
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

const contexts = 20;

/** A kubectl configuration with certificates in it, as kubeadm writes them. */
function kubeconfigOf(count: number): string {
  const names = Array.from({ length: count }, (_, index) => `cluster-${index + 1}`);
  const certificate = 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t'.repeat(40);
  const list = (items: readonly string[]): string => items.map((item) => `- ${item}\n`).join('');
  return `apiVersion: v1
kind: Config
current-context: cluster-1
clusters:
${list(names.map((name) => `name: ${name}\n  cluster:\n    server: https://${name}.example:6443\n    certificate-authority-data: ${certificate}`))}contexts:
${list(names.map((name) => `name: ${name}\n  context: {cluster: ${name}, user: ${name}, namespace: shop}`))}users:
${list(names.map((name) => `name: ${name}\n  user:\n    client-certificate-data: ${certificate}\n    client-key-data: ${certificate}`))}`;
}
