import { Option, type Command } from 'commander';
import { codedError } from '../../errors.ts';
import type { PodSecurityLevel } from '../../inject/index.ts';
import type { PodSecurityByNamespace } from '../../manifest/index.ts';
import { readInputs, type Input } from '../input.ts';
import { addManifestFlags, type ManifestFlags } from '../manifestFlags.ts';
import { writeManifests } from '../manifestOutput.ts';
import { formatReports } from '../report.ts';
import { addSettingFlags, settingsOfFlags } from '../settingFlags.ts';
import { addSidecarFlags, sidecarOfFlags, type SidecarFlags } from '../sidecarFlags.ts';

interface InjectFlags extends ManifestFlags, SidecarFlags {
  readonly namespace?: string;
  readonly podSecurity?: PodSecurityLevel;
}

/** `inject -f`: way 1, the manifest. */
export function addInject(program: Command): void {
  const command = program
    .command('inject')
    .description('add the sidecar to the workloads of manifests; every other byte stays')
    .option('-n, --namespace <NAMESPACE>', 'of the workloads that name none')
    .addOption(
      new Option('--pod-security <LEVEL>', 'that the namespaces enforce (default: as Namespace objects in the input say, else privileged)').choices([
        'privileged',
        'baseline',
        'restricted',
      ]),
    );
  addSettingFlags(addSidecarFlags(addManifestFlags(command))).action(async (flags: InjectFlags & Readonly<Record<string, unknown>>) => {
    const settings = settingsOfFlags(flags);
    const config = await sidecarOfFlags(flags);
    if (config.form === 'own' && Object.keys(settings).length > 0) {
      throw codedError('USAGE', 'settings do not go with a sidecar of your own: it does not read them', { where: '--sidecar-config' });
    }
    if (flags.podSecurity === 'restricted' && config.form === 'agent') {
      throw codedError('POD_SECURITY', 'Pod Security "restricted" forbids NET_RAW, so no capture is possible there', { where: '--pod-security' });
    }
    const { injectManifest } = await import('../../manifest/index.ts');
    const inputs = await readInputs(flags.filename, flags.recursive === true);
    const podSecurityByNamespace = await podSecurityOf(inputs);
    const results = inputs.map((input) => {
      const { text, reports } = injectManifest(input.text, {
        config,
        settings,
        file: input.file,
        podSecurity: flags.podSecurity,
        podSecurityByNamespace,
        namespace: flags.namespace,
      });
      return { input, text, reports: reports.map((report) => ({ file: input.file, ...report })) };
    });
    await writeManifests(results, flags);
    for (const line of formatReports(results.flatMap(({ reports }) => reports))) console.error(line);
  });
}

/** The Namespace objects of all files: a workload's own need not stand in the same one. */
async function podSecurityOf(inputs: readonly Input[]): Promise<PodSecurityByNamespace> {
  const { collectPodSecurity } = await import('../../manifest/index.ts');
  return new Map(inputs.flatMap(({ file, text }) => [...collectPodSecurity(text, file)]));
}
