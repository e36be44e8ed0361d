import { Option, type Command } from 'commander';
import { assumedLevels } from '../../sidecar/index.ts';
import { injectAnnotation, namespaceLabel } from '../../settings/index.ts';
import { printData } from '../output.ts';
import type { PolicyFlags } from '../policy.ts';
import { addSettingFlags, settingsOfFlags } from '../settingFlags.ts';
import { addSidecarFlags, imageProblem, sidecarOfFlags, type SidecarFlags } from '../sidecarFlags.ts';

/** `policy`: way 4, injection by the API server itself. */
export function addPolicy(program: Command): void {
  const command = program
    .command('policy')
    .description('print a MutatingAdmissionPolicy that injects the sidecar without any server; for Kubernetes 1.36 on')
    .option('--name <NAME>', 'of the objects', 'packet-capture')
    .option('-n, --namespace <NAMESPACE>', 'of the ConfigMaps with the parameters; never injected into', 'packet-capture')
    .option('--namespace-label <KEY>', 'by which a namespace opts in, with the value "enabled"', namespaceLabel)
    .option('--annotation <KEY>', 'by which a pod asks, with the value "true"', injectAnnotation)
    .option('--opt-out', 'inject all pods of these namespaces, unless that annotation says "false"')
    .addOption(new Option('--pod-security <LEVEL>', 'of namespaces without a Pod Security label').choices(assumedLevels).default('auto'))
    .addOption(new Option('-o, --output <FORMAT>', 'of the objects').choices(['yaml', 'json']).default('yaml'));
  addSettingFlags(addSidecarFlags(command)).action(async (flags: PolicyFlags & SidecarFlags & Readonly<Record<string, unknown>>) => {
    const settings = settingsOfFlags(flags);
    const config = await sidecarOfFlags(flags);
    const problem = imageProblem(config);
    if (problem !== undefined) throw problem;
    const { formatPolicy } = await import('../policy.ts');
    printData(await formatPolicy(flags, config, settings));
  });
}
