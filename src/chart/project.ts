import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../errors.ts';
import { ownFolder } from '../ownFiles/ownFolder.ts';
import { chartContext } from './context.ts';
import { differences, readChartFolder, replaceFolder } from './folder.ts';
import { nameSources } from './generated.ts';
import { renderChart } from './renderChart.ts';
import { formatSchema } from './schema.ts';
import type { Baked } from './valuesYaml.ts';

/** The rendered chart that is committed to the project, without any key. */
export const committedChart = (): string => ownFolder('chart');
/** A copy of the chart's schema, for editors and for `helm lint` with a user's values. */
const committedSchema = (): string => join(committedChart(), '..', 'values.schema.json');

/**
 * The chart of this version.
 * @param baked values that replace defaults in its values.yaml
 * @throws CHART_INVALID, FILE_UNREADABLE
 */
export async function projectChart(baked: Baked = {}): Promise<Map<string, Uint8Array>> {
  const templates = ownFolder('templates');
  const files = await readChartFolder(templates);
  if (files.size === 0) throw codedError('FILE_UNREADABLE', 'there are no templates', { where: templates });
  return nameSources(renderChart(files, chartContext(baked)), (path) => (files.has(path) ? path : `${path}.hbs`));
}

/** Renders the committed chart and its schema. @throws CHART_INVALID, FILE_UNREADABLE, FILE_UNWRITABLE */
export async function writeCommittedChart(): Promise<void> {
  await replaceFolder(committedChart(), await projectChart());
  await writeFile(committedSchema(), formatSchema());
}

/** The outdated files of the committed chart and its schema. @throws CHART_INVALID, FILE_UNREADABLE */
export async function staleInCommittedChart(): Promise<string[]> {
  const lines = differences(await projectChart(), await readChartFolder(committedChart()));
  const schema = await readFile(committedSchema(), 'utf8').catch(() => '');
  return [
    ...lines.map((line) => line.replace(': ', ': chart/')),
    ...(schema === formatSchema() ? [] : ['different: values.schema.json']),
  ];
}
