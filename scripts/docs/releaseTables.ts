import { Command } from 'commander';
import { addServe } from '../../src/cli/injector/serve.ts';
import { sinceKubernetes, supportedHelm } from '../../src/minimums.ts';
import { allowedKeys, allowedLists } from '../../src/settings/index.ts';
import { amountAnnotation, amountNames, defaultMaxBufferSize } from '../../src/sidecar/index.ts';
import { code, markdownTable } from './markdownTable.ts';

/** The versions of the tools that the installer needs (docs/install.md). */
export function toolsMarkdown(): string {
  return markdownTable(
    ['tool', 'version'],
    [
      ['helm', `${supportedHelm.replaceAll('helm ', '')}. \`HELM\` names the program`],
      ['kubectl', 'one that fits the cluster. `KUBECTL` names the program'],
      [
        'Kubernetes',
        `${sinceKubernetes('matchConditions')} or later; ${sinceKubernetes('mutatingAdmissionPolicy')} or later for \`injection.way: policy\``,
      ],
    ],
  );
}

/** What a release can limit (docs/sidecarconfig.md). */
export function limitsMarkdown(): string {
  return markdownTable(
    ['key', 'allows'],
    [
      ...allowedKeys.map((key) => [code(key), allowedLists[key].text.replaceAll('*', String.raw`\*`)]),
      [code('maxBufferSize'), `the largest \`buffer-size\`; the default is ${defaultMaxBufferSize}`],
    ],
  );
}

/** The annotations for CPU and memory of the sidecar (docs/sidecarconfig.md). */
export function amountsMarkdown(): string {
  return markdownTable(
    ['annotation, and flag of `inject` and `patch`', 'instead of'],
    amountNames.map((name) => {
      const [resource = '', kind = ''] = name.split('-');
      return [`${code(amountAnnotation(name))}, ${code(`--${name}`)}`, code(`agent.resources.${kind}s.${resource}`)];
    }),
  );
}

/** The flags of the injector's server (docs/injector.md). */
export function serveFlagsMarkdown(): string {
  const program = new Command();
  addServe(program);
  const options = program.commands[0]?.options ?? [];
  return markdownTable(
    ['flag', 'default', 'meaning'],
    options.map(({ flags, defaultValue, description }) => [
      code(flags.replaceAll(/[<>]/g, '')),
      typeof defaultValue === 'string' ? code(defaultValue) : '',
      description,
    ]),
  );
}
