export { chartContext, type ChartContext } from './context.ts';
export { differences, readChartFolder, replaceFolder } from './folder.ts';
export { fullnameOf, identity } from './identity.ts';
export { committedChart, projectChart, staleInCommittedChart, writeCommittedChart } from './project.ts';
export { renderChart, type Files } from './renderChart.ts';
export { compactSchema, formatSchema, valuesSchema } from './schema.ts';
export { defaultValues, valuesTree, type ChartOverrides, type ChartValues, type Target } from './values/index.ts';
export { valuePaths, valuesMarkdown, valuesYaml } from './valuesYaml.ts';
