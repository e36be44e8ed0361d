import type { Command } from 'commander';
import { commit, form } from '../../build.ts';
import { agentCommands } from '../../captures/agentCommand.ts';
import { version } from '../../version.ts';
import { print, printJson } from '../io/output.ts';

/** `version`: prints what this program is made of, for people or as JSON. */
export function addVersion(program: Command): void {
  program
    .command('version')
    .description('print the version of this program, its commit, its agent and Node')
    .option('-o, --output <FORMAT>', 'json: for programs')
    .action(({ output }: { output?: string }) => {
      const facts = versionFacts();
      if (output === 'json') printJson(facts);
      else print(versionLines(facts));
    });
}

/** What `version -o json` prints. */
export interface VersionFacts {
  readonly version: string;
  /** The full hash; null in a checkout, which Git knows more about. */
  readonly commit: string | null;
  readonly form: 'checkout' | 'npm' | 'executable';
  readonly agentProtocol: {
    /** The version of the agent that this program adds to pods. */
    readonly version: string;
    /** The commands that it runs in pods; an agent that does not know one of them is too old for it. */
    readonly commands: readonly string[];
  };
  readonly node: string;
  readonly platform: string;
}

function versionFacts(): VersionFacts {
  return {
    version,
    commit: commit ?? null,
    form,
    agentProtocol: { version, commands: agentCommands },
    node: process.versions.node,
    platform: `${process.platform}/${process.arch}`,
  };
}

/** The same for people. Pure. */
export function versionLines({
  commit: hash,
  form: kind,
  agentProtocol,
  node,
  platform,
  ...facts
}: VersionFacts): string[] {
  return [
    `version  ${facts.version}`,
    `commit   ${hash ?? 'unknown'} (${kind})`,
    `agent    ${agentProtocol.version}: ${agentProtocol.commands.join(', ')}`,
    `node     ${node} (${platform})`,
  ];
}
