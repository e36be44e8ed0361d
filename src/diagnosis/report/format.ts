import { formatFinding, type Level } from '../../findings.ts';
import { attachedText } from '../judge/attachedFindings.ts';
import type { CheckResult } from '../judge/judgeCluster.ts';
import type { MissedPod } from '../judge/missed.ts';
import type { State } from '../judge/verdict.ts';
import { reasons } from '../judge/whyReasons.ts';
import type { WhyResult } from './explain.ts';

/** How many missed pods are listed for people; `-o json` has all. */
const shown = 20;

/** The result of `check` for people. */
export function formatCheck({ ok, findings, missed }: CheckResult): string[] {
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  const [errors, warnings, notes] = [count('error'), count('warning'), count('note')];
  return [
    ...findings.flatMap(formatFinding),
    ...(missed.length === 0 ? [] : ['', 'pods without the sidecar that they ask for:', ...missedLines(missed)]),
    '',
    ok && warnings === 0
      ? 'no problems found'
      : `${plural(errors, 'error')}, ${plural(warnings, 'warning')}${notes === 0 ? '' : `, ${plural(notes, 'note')}`}`,
  ];
}

/** One line for each owner and reason. */
function missedLines(missed: readonly MissedPod[]): string[] {
  const groups = Map.groupBy(missed, ({ namespace, owner, pod, reason }) =>
    JSON.stringify([namespace, owner ?? pod, reason]),
  );
  const lines = [...groups.values()].map((group) => {
    const [first] = group;
    if (first === undefined) return '';
    const { namespace, owner, pod, reason, hint } = first;
    const who = owner === null ? `pod/${pod}` : `${owner}: ${group.length === 1 ? pod : `${group.length} pods`}`;
    return `  ${namespace} ${who}: ${reason}: ${reasons[reason].text}\n    ${hint}`;
  });
  return lines.length <= shown
    ? lines
    : [...lines.slice(0, shown), `  and ${lines.length - shown} more: -o json has all`];
}

/** The result of `why` for people: every condition, the verdict, and what to do. */
export function formatWhy(result: WhyResult): string[] {
  const { object, namespace, state, verdict, next, owners, conditions, pods, attached } = result;
  const width = String(conditions.length).length;
  return [
    `${object} in namespace ${namespace}: ${stateTexts[state]}`,
    ...(owners.length === 0 ? [] : [`belongs to ${owners.join(', which belongs to ')}`]),
    ...(pods === null ? [] : [`${pods.injected} of its ${pods.living} pods have the sidecar`]),
    ...(pods === null || pods.attached === 0 ? [] : [`${pods.attached} of them have an attached agent that runs`]),
    ...(attached === null ? [] : [attachedText(attached)]),
    '',
    ...conditions.map(
      ({ met, what }, index) => `${String(index + 1).padStart(width)} ${met === null ? '?' : met ? '✓' : '✗'} ${what}`,
    ),
    '',
    verdict,
    ...(next === null ? [] : [next]),
  ];
}

const stateTexts: Readonly<Record<State, string>> = {
  injected: 'injected',
  would_be_injected: 'would be injected',
  missed: 'not injected, a new one would be',
  not_injected: 'not injected',
  broken: 'injected, and broken',
  refused: 'no pod can be created',
};

function plural(count: number, word: string): string {
  return count === 1 ? `1 ${word}` : `${count} ${word}s`;
}
