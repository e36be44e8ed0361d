import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onlyAttachReasons } from '../../src/ways/attach/index.ts';
import {
  errorsMarkdown,
  exitCodesMarkdown,
  findingsMarkdown,
  policyReasonsMarkdown,
  reviewReasonsMarkdown,
  skipsMarkdown,
  whyReasonsMarkdown,
} from './codeTables.ts';
import { commandsMarkdown } from './commandPages.ts';
import { decisionsMarkdown, type Decision } from './decisions.ts';
import { goTable } from './goTable.ts';
import { lintMarkdown } from './lintTable.ts';
import { replaceMarked } from './marks.ts';
import { agentMetricsMarkdown, alertsMarkdown, injectorMetricsMarkdown } from './metricTables.ts';
import { diagramFiles } from './pictures/diagrams.ts';
import { figurePlots } from './pictures/figurePlots.ts';
import { placementMarkdown } from './placementTable.ts';
import { amountsMarkdown, limitsMarkdown, serveFlagsMarkdown, toolsMarkdown } from './releaseTables.ts';
import { statesMarkdown, updateResultsMarkdown } from './resultTables.ts';
import { rightsMarkdown } from './rightsTable.ts';
import { settingsMarkdown } from './settingsTable.ts';
import { truthTableMarkdown } from './truthTable.ts';

/** Folder of the decisions, from the project's root. */
const decisionsFolder = 'docs/decisions';

/** A part of a document that is derived: it is between the marks `<!-- mark -->` and `<!-- /mark -->`. */
interface DerivedPart {
  readonly file: string;
  readonly mark: string;
  readonly text: string;
}

/**
 * The files that `npm run docs` writes, with the content that they must have now.
 * @param root folder of the project
 * @returns content by path from the root
 * @throws Error when a document has lost its marks, or a decision its date or status
 */
export async function derivedFiles(root: string): Promise<Map<string, string>> {
  const read = async (file: string): Promise<string> => readFile(join(root, file), 'utf8');
  const parts: readonly DerivedPart[] = [
    { file: 'docs/commands.md', mark: 'commands', text: await commandsMarkdown() },
    { file: 'docs/settings.md', mark: 'settings', text: settingsMarkdown() },
    ...Object.entries(findingsMarkdown).map(([file, text]) => ({ file, mark: 'findings', text })),
    { file: 'docs/diagnosis.md', mark: 'states', text: statesMarkdown() },
    { file: 'docs/running.md', mark: 'results', text: updateResultsMarkdown() },
    { file: 'docs/diagnosis.md', mark: 'reasons', text: whyReasonsMarkdown() },
    { file: 'docs/kubectl.md', mark: 'exit codes', text: exitCodesMarkdown() },
    { file: 'docs/errors.md', mark: 'errors', text: errorsMarkdown() },
    { file: 'docs/errors.md', mark: 'skips', text: skipsMarkdown() },
    { file: 'docs/errors.md', mark: 'attach skips', text: skipsMarkdown(onlyAttachReasons) },
    { file: 'docs/manifests.md', mark: 'truth table', text: truthTableMarkdown() },
    { file: 'docs/manifests.md', mark: 'placement', text: placementMarkdown() },
    { file: 'docs/injector.md', mark: 'reasons', text: reviewReasonsMarkdown() },
    { file: 'docs/injector.md', mark: 'serve', text: serveFlagsMarkdown() },
    { file: 'docs/injector.md', mark: 'metrics', text: await injectorMetricsMarkdown() },
    {
      file: 'docs/metrics.md',
      mark: 'metrics',
      text: agentMetricsMarkdown(await read('agent/internal/status/metrics.go')),
    },
    { file: 'docs/metrics.md', mark: 'alerts', text: alertsMarkdown(await read('templates/files/rules.yaml')) },
    { file: 'docs/policy.md', mark: 'reasons', text: policyReasonsMarkdown() },
    { file: 'docs/audit.md', mark: 'lint', text: lintMarkdown() },
    { file: 'docs/audit.md', mark: 'rights', text: rightsMarkdown() },
    { file: 'docs/install.md', mark: 'tools', text: toolsMarkdown() },
    { file: 'docs/sidecarconfig.md', mark: 'limits', text: limitsMarkdown() },
    { file: 'docs/sidecarconfig.md', mark: 'amounts', text: amountsMarkdown() },
    { file: `${decisionsFolder}/README.md`, mark: 'decisions', text: decisionsMarkdown(await readDecisions(root)) },
  ];
  // The agent's own table of settings is Go source, and derived as a whole.
  const files = new Map([
    ['agent/internal/settings/table.go', goTable()],
    ...diagramFiles(),
    ...figurePlots(await read('docs/figures.md')),
  ]);
  for (const { file, mark, text } of parts)
    files.set(file, replaceMarked(files.get(file) ?? (await read(file)), mark, text));
  return files;
}

async function readDecisions(root: string): Promise<Decision[]> {
  const names = (await readdir(join(root, decisionsFolder))).filter((name) => /^\d{4}-/.test(name)).toSorted();
  return Promise.all(
    names.map(async (file) => ({ file, text: await readFile(join(root, decisionsFolder, file), 'utf8') })),
  );
}
