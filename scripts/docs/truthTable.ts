import { levelRows, optInRows, skipOrder, skipReasons } from '../../src/inject/index.ts';
import type { Outcome } from '../../src/inject/truthTable.ts';

/** The truth table of the injection decision (docs/manifests.md), as Markdown without a final newline. */
export function truthTableMarkdown(): string {
  const word = (value: string | boolean | null | undefined): string => {
    if (value === undefined) return 'any';
    return value === null ? 'absent' : `\`${value}\``;
  };
  const result = (outcome: Outcome): string => {
    if (outcome === 'inject') return '**injected**';
    return outcome === 'not asked' ? 'not asked for' : `skipped: \`${outcome}\``;
  };
  const optIns = optInRows.map(({ labeled, annotation, optOut, commands, admission }) => {
    const label = { true: '`enabled`', false: 'absent', undefined: 'any' }[`${labeled}`];
    return `| ${label} | ${word(annotation)} | ${word(optOut)} | ${result(commands)} | ${result(admission)} |`;
  });
  const levels = levelRows.map(({ label, assumed, outcome }) => {
    const what =
      outcome === 'pod_security_restricted' ? `skipped: \`${outcome}\`` : `injected with the profile \`${outcome}\``;
    return `| ${word(label)} | ${word(assumed)} | ${what} |`;
  });
  return [
    'Does anything ask for injection? The first row that matches decides.',
    '',
    '| namespace label | pod annotation `inject` | `injection.optOut` | `inject`, `patch` | webhook, policy |',
    '| --- | --- | --- | --- | --- |',
    ...optIns,
    '',
    'Which form has the sidecar in the namespace?',
    '',
    '| label `pod-security.kubernetes.io/enforce` | `injection.podSecurity` | the agent is |',
    '| --- | --- | --- |',
    ...levels,
    '',
    'Is there a reason to skip the pod? Every way checks them in this order and reports the first.',
    '',
    ...skipOrder.map((reason, index) => `${index + 1}. \`${reason}\`: ${skipReasons[reason]}`),
  ].join('\n');
}
