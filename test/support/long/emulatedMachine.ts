import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { capture, run } from '../../../scripts/cluster/command.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensurePackages } from '../../../scripts/cluster/requirements.ts';
import type { SettingValues } from '../../../src/settings/index.ts';
import { openArm64Packages } from './arm64.ts';

/** What is done in the machine; see scenario.go in the folder `machine`. */
export interface MachinePlan {
  /** The container's environment, `NAME=VALUE`. */
  readonly environment: readonly string[];
  /** The pod's annotations, first and after the change. */
  readonly settings: SettingValues;
  readonly changed: SettingValues;
  /**
   * How many numbered packets are sent to either UDP port before the settings change, how many after the change is in
   * force, and how many messages to the TCP port.
   */
  readonly count: number;
  readonly perSecond: number;
  readonly udpPort: number;
  readonly otherPort: number;
  readonly tcpPort: number;
  /** The command that captures to standard output, and the line that moves it. */
  readonly stream: readonly string[];
  readonly order: string;
  /** How many packets more are sent to either UDP port after that. */
  readonly steered: number;
  /** The address of the metrics. */
  readonly metrics: string;
}

/** What the machine says before it ends. Files are in base64. */
export interface MachineReport {
  /** Why it ended early. */
  readonly failed?: string;
  readonly kernel: string;
  /** When each part was done, in milliseconds since the first program began. */
  readonly took: Readonly<Record<string, number>>;
  /** The agent's lines, and all of its standard error. */
  readonly events: readonly string[];
  readonly noise: string;
  readonly exitCode: number;
  readonly version: string;
  readonly status: string;
  readonly metrics: string;
  /** The number of the last packet to either UDP port, without those after the stream was moved. */
  readonly sent: number;
  /** Packets that arrived, by UDP port. */
  readonly received: Readonly<Record<string, number>>;
  readonly files: Readonly<Record<string, string>>;
  readonly stream: { readonly capture: string; readonly said: readonly string[]; readonly exitCode: number };
}

/** Longer than the machine itself allows for everything (main.go), and the time in which it starts. */
const longestMs = 480_000;

/**
 * Starts a machine of arm64 in an emulator, with Debian's kernel for such machines in a cloud, lets it run the agent of
 * an image, and waits until it is switched off. It has no network but its own loopback, and no disk.
 * @param folder which is made
 * @param layer of the image, as a registry has it
 * @throws if it ends early, with what it said
 */
export async function runInMachine(folder: string, layer: string, plan: MachinePlan): Promise<MachineReport> {
  await ensurePackages(
    [
      { name: 'qemu-system-arm', programs: ['qemu-system-aarch64'] },
      { name: 'cpio', programs: ['cpio'] },
    ],
    stderrProgress,
  );
  const kernel = await fetchKernel(join(folder, 'packages'));
  const root = join(folder, 'first');
  await mkdir(root, { recursive: true });
  await buildInit(join(root, 'init'));
  await copyFile(layer, join(root, 'layer.tar.gz'));
  await writeFile(join(root, 'plan.json'), JSON.stringify(plan));
  const files = join(folder, 'first.cpio');
  await run(['sh', '-c', 'find . | cpio --quiet --create --format=newc --owner=0:0 > "$0"', files], { cwd: root });
  const emulator = ['qemu-system-aarch64', ...machine.split(' '), '-kernel', kernel, '-initrd', files];
  const { exitCode, stdout, stderr } = await capture(
    ['setpriv', '--pdeathsig', 'KILL', ...emulator, '-append', kernelArguments],
    { timeoutMs: longestMs },
  );
  const [, report] = /^BEGIN REPORT\r?\n([^]*)^END REPORT/m.exec(stdout) ?? [];
  if (exitCode !== 0 || report === undefined)
    throw new Error(`the machine ended with ${exitCode}: ${stderr}\n${stdout.slice(-5000)}`);
  const said = JSON.parse(gunzipSync(Buffer.from(report, 'base64')).toString()) as MachineReport;
  if (said.failed !== undefined) throw new Error(`in the machine: ${said.failed}\n${said.noise}`);
  return said;
}

/** A server's processor as clouds have it (Arm Neoverse N1), two of them; all that it prints is its console. */
const machine =
  '-machine virt -accel tcg -cpu neoverse-n1 -smp 2 -m 768 -nodefaults -no-user-config -no-reboot -display none -serial stdio';

/** Messages of the kernel would get between the lines of the report; a panic is told. */
const kernelArguments = 'console=ttyAMA0 loglevel=1 panic=-1';

/** Debian's kernel for arm64 machines in a cloud. It has packet sockets in it, not as a module. @returns its file */
async function fetchKernel(folder: string): Promise<string> {
  const packages = await openArm64Packages(folder);
  const [name] = (await packages.dependencies('linux-image-cloud-arm64')).filter((found) =>
    found.startsWith('linux-image-'),
  );
  if (name === undefined) throw new Error('Debian names no kernel for arm64');
  const root = join(folder, 'kernel');
  await packages.unpack([name], root);
  const found = (await readdir(join(root, 'boot'))).find((file) => file.startsWith('vmlinuz-'));
  if (found === undefined) throw new Error(`there is no kernel in ${name}`);
  return join(root, 'boot', found);
}

/** Builds the machine's first program. */
async function buildInit(file: string): Promise<void> {
  const env = { GOOS: 'linux', GOARCH: 'arm64', CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };
  const cwd = join(import.meta.dirname, 'machine');
  await run(['go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', file, '.'], { cwd, env });
}
