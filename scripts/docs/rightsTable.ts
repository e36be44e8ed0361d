import { chartRoles, type ChartRight } from '../audit/rights.ts';
import { code, markdownTable } from './markdownTable.ts';

/** Every right that the chart grants, verb by verb (docs/audit.md). */
export function rightsMarkdown(): string {
  return chartRoles
    .map(({ kind, name, where, when, holder, rights }) =>
      [
        `**${kind} ${code(name)}**`,
        '',
        `- where: ${where}`,
        `- when: ${when}`,
        `- who: ${holder}`,
        '',
        markdownTable(
          ['resource', 'only', 'verb', 'why'],
          rights.map((right) => [code(fullName(right)), only(right), code(right.verb), right.why]),
        ),
      ].join('\n'),
    )
    .join('\n\n');
}

function fullName({ group, resource }: ChartRight): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function only({ name = '' }: ChartRight): string {
  return /^[A-Z]/.test(name) ? code(name) : name;
}
