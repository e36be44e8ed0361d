import { copyFile, cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { capture, run } from '../../../scripts/cluster/command.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensurePackages } from '../../../scripts/cluster/requirements.ts';
import type { SettingValues } from '../../../src/settings/index.ts';
import { agentModule } from '../agent/goTools.ts';
import { openArm64Packages, type Arm64Packages } from './arm64.ts';

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
  /** What the agent's packages say of their tests; null without any. */
  readonly tests: Readonly<Record<string, { readonly output: string; readonly exitCode: number }>> | null;
}

/** Longer than the machine itself allows for everything (main.go), and the time in which it starts. */
const longestMs = 1_500_000;

/** Where Debian's packages for machines come from, and the kernel that they start with. */
export interface MachineParts {
  readonly packages: Arm64Packages;
  /** The unpacked package of the kernel. */
  readonly kernel: string;
}

/** Fetches what machines of arm64 are made of, and sees to it that they can be emulated. @param folder which is made */
export async function ensureMachineParts(folder: string): Promise<MachineParts> {
  await ensurePackages(
    [
      { name: 'qemu-system-arm', programs: ['qemu-system-aarch64'] },
      { name: 'cpio', programs: ['cpio'] },
    ],
    stderrProgress,
  );
  const packages = await openArm64Packages(folder);
  // Debian's kernel for arm64 machines in a cloud. It has packet sockets in it, not as a module.
  const depends = await packages.dependencies('linux-image-cloud-arm64');
  const name = depends.find((found) => found.startsWith('linux-image-'));
  if (name === undefined) throw new Error('Debian names no kernel for arm64');
  const kernel = join(folder, 'kernel');
  await packages.unpack([name], kernel);
  return { packages, kernel };
}

/**
 * Lets a machine of arm64 run the agent of an image, and send itself packets.
 * @param folder which is made
 * @param layer of the image, as a registry has it
 * @throws if it ends early, with what it said
 */
export async function runInMachine(
  folder: string,
  { kernel }: MachineParts,
  layer: string,
  plan: MachinePlan,
): Promise<MachineReport> {
  const root = join(folder, 'root');
  await mkdir(root, { recursive: true });
  await copyFile(layer, join(root, 'layer.tar.gz'));
  return boot(folder, kernel, plan, 768);
}

/** What the tests of the agent's packages start. */
const testPackages = ['coreutils', 'dash', 'iproute2', 'kmod', 'mount', 'tcpdump', 'util-linux'];

/** Debian has one tree of binaries and libraries, and old names for it. There is one user, and no name server. */
const finish = `for name in bin sbin lib; do
  if [ -d $name ] && ! [ -L $name ]; then mkdir -p usr/$name; cp -a $name/. usr/$name; rm -r $name; fi
  [ -e $name ] || ln -s usr/$name $name
done
echo 'root:x:0:0::/root:/bin/sh' > etc/passwd
echo 'root:x:0:' > etc/group
: > etc/resolv.conf
echo '127.0.0.1 localhost' > etc/hosts
rm -rf usr/share/doc usr/share/locale usr/share/man lib/modules/*/kernel/fs`;

/**
 * Lets a machine of arm64, with a Debian of its own, run the tests of the agent's packages.
 * @param folder which is made
 * @param tests their names, by folders of agent/internal
 * @throws if it ends early, with what it said
 */
export async function testInMachine(
  folder: string,
  { packages, kernel }: MachineParts,
  tests: Readonly<Record<string, readonly string[]>>,
): Promise<NonNullable<MachineReport['tests']>> {
  const root = join(folder, 'root');
  await packages.unpackAll(testPackages, root);
  await cp(join(kernel, 'lib/modules'), join(root, 'lib/modules'), { recursive: true });
  await run(['sh', '-ec', finish], { cwd: root });
  for (const name of Object.keys(tests))
    await run(['go', 'test', '-c', '-o', join(root, 'tests', name, 'test'), `./internal/${name}`], {
      cwd: agentModule,
      env: goEnvironment,
    });
  return (await boot(folder, kernel, { tests }, 2048)).tests ?? {};
}

const goEnvironment = { GOOS: 'linux', GOARCH: 'arm64', CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };

/** A server's processor as clouds have it (Arm Neoverse N1), two of them; all that it prints is its console. */
const machine =
  '-machine virt -accel tcg -cpu neoverse-n1 -smp 2 -nodefaults -no-user-config -no-reboot -display none -serial stdio';

/** Messages of the kernel would get between the lines of the report; a panic is told. */
const kernelArguments = 'console=ttyAMA0 loglevel=1 panic=-1';

/**
 * Starts a machine in an emulator, with the files of `folder`/root and its first program, and waits until it is
 * switched off. It has no network but its own loopback, and no disk.
 */
async function boot(folder: string, kernel: string, plan: object, mebibytes: number): Promise<MachineReport> {
  const root = join(folder, 'root');
  await run(['go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', join(root, 'init'), '.'], {
    cwd: join(import.meta.dirname, 'machine'),
    env: goEnvironment,
  });
  await writeFile(join(root, 'plan.json'), JSON.stringify(plan));
  const files = join(folder, 'root.cpio');
  await run(['sh', '-c', 'find . | cpio --quiet --create --format=newc --owner=0:0 > "$0"', files], { cwd: root });
  const image = (await readdir(join(kernel, 'boot'))).find((file) => file.startsWith('vmlinuz-')) ?? 'vmlinuz';
  const made = ['-m', String(mebibytes), '-kernel', join(kernel, 'boot', image), '-initrd', files];
  const { exitCode, stdout, stderr } = await capture(
    // It ends with this process.
    ['setpriv', '--pdeathsig', 'KILL', 'qemu-system-aarch64', ...machine.split(' '), ...made].concat(
      '-append',
      kernelArguments,
    ),
    { timeoutMs: longestMs },
  );
  const [, report] = /^BEGIN REPORT\r?\n([^]*)^END REPORT/m.exec(stdout) ?? [];
  if (exitCode !== 0 || report === undefined)
    throw new Error(`the machine ended with ${exitCode}: ${stderr}\n${stdout.slice(-5000)}`);
  const said = JSON.parse(gunzipSync(Buffer.from(report, 'base64')).toString()) as MachineReport;
  if (said.failed !== undefined) throw new Error(`in the machine: ${said.failed}\n${said.noise}`);
  return said;
}
