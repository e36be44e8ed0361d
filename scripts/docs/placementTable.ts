import {
  fargate,
  virtualNodes,
  windowsImage,
  windowsNodes,
  windowsRuntimeClasses,
  type NodeSign,
  type Platform,
} from '../../src/inject/placement.ts';
import { defaultSkipRuntimeClasses } from '../../src/sidecar/index.ts';
import { code, markdownTable } from './markdownTable.ts';

/** By which fields of a pod each platform is recognized that cannot have the sidecar (docs/manifests.md). */
export function placementMarkdown(): string {
  return markdownTable(
    ['code', 'recognized by', ''],
    [
      ...windowsRows(),
      ...rowsOf('fargate', fargate),
      ...rowsOf('virtual_node', virtualNodes),
      [code('sandbox'), 'runtime class', `\`skipRuntimeClasses\`; by default ${list(defaultSkipRuntimeClasses)}`],
    ],
  );
}

function windowsRows(): string[][] {
  return [
    [code('windows'), 'operating system', code('spec.os.name: windows')],
    ['', 'node labels', nodes(windowsNodes)],
    ['', 'security context, unless the pod requires Linux', code('windowsOptions')],
    ['', 'runtime class, unless the pod requires Linux', `a name with ${list(windowsRuntimeClasses, ' or ')}`],
    ['', 'image, unless the pod requires Linux', code(windowsImage)],
  ];
}

/** The rows of a platform; the first one has the code. */
function rowsOf(reason: string, { labels, nodes: signs, nodeNames, schedulers, tolerated }: Platform): string[][] {
  const own = Object.entries(labels).map(([key, values]) =>
    values.length === 0 ? code(key) : values.map((value) => code(`${key}: ${value}`)).join(', '),
  );
  const rows = [
    ['labels of the pod', own.join(', ')],
    ['node labels', nodes(signs)],
    ['scheduler', list(schedulers)],
    ['the beginning of the name of its node', list(nodeNames)],
    ['toleration of a taint', list(tolerated)],
  ].filter(([, text]) => text !== '');
  return rows.map((cells, index) => [index === 0 ? code(reason) : '', ...cells]);
}

function nodes(signs: readonly NodeSign[]): string {
  return signs
    .flatMap(({ keys, prefix }) => keys.map((key) => code(prefix === '' ? key : `${key}: ${prefix}…`)))
    .join(', ');
}

function list(texts: readonly string[], separator = ', '): string {
  return texts.map(code).join(separator);
}
