import type { CheckResult, WhyResult } from '../../../../src/diagnosis/index.ts';
import type { Finding } from '../../../../src/findings.ts';
import type { AppState } from './app.ts';

/** Who refuses, in a few words; the text is the API server's, or one of ours around it. */
export function who(text: string): string {
  if (text.includes('exceeded quota')) return 'ResourceQuota';
  if (/per (Container|Pod) is/.test(text)) return 'LimitRange';
  const policy = /ValidatingAdmissionPolicy '?(?:compatibility-)?[\w-]+/.exec(text);
  if (policy !== null) return 'ValidatingAdmissionPolicy';
  const level = /(?:PodSecurity|Pod Security) \\?"(\w+)/.exec(text);
  if (level !== null) return `Pod Security \`${level[1]}\``;
  // Between two tries to pull, the reason is another one.
  return (
    /ImagePullBackOff|ErrImageNeverPull/.exec(text)?.[0] ?? (text.includes('ErrImagePull') ? 'ImagePullBackOff' : '')
  );
}

/** What one of ours advises, in a few words; empty when it advises nothing of these. */
export function advice(text: string): string {
  const amounts = [
    ...new Set(
      [...text.matchAll(/packet-capture\/((?:cpu|memory)-(?:request|limit)=\w+)/g)].map(
        ([, amount]) => `\`${amount}\``,
      ),
    ),
  ];
  const raise = /by at least (\S+ of [\w.]+\w)/.exec(text);
  const parts = [
    ...amounts,
    ...(/podSecurity|--pod-security/.test(text) ? ['Pod Security profile `baseline`'] : []),
    ...(text.includes('runAsUser: null') ? ['`runAsUser: null`'] : []),
    ...(/sidecar's image that is refused/.test(text) ? ['an image of an allowed registry'] : []),
    ...(/pull secret/.test(text) ? ['the name and the pull secret'] : []),
    ...(raise === null ? [] : [`${raise[1]} more`]),
  ];
  return parts.join(', ');
}

const separated = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ');

/** Of a change that was made. */
export function changedCell(done: string, { end, injected, words }: AppState): string {
  if (end === 'refused') return `${done}; new pods refused by ${who(words)}, the old ones run on`;
  if (end === 'waits') return `${done}; new pods wait (${words}), the old ones run on`;
  return `${done}, runs ${injected === 2 ? 'with' : injected === 0 ? 'without' : 'partly with'} the sidecar`;
}

/** Of a command that ended with an error before it changed anything. */
export function errorCell(stderr: string): string {
  const text = errorText(stderr);
  const code = /error (\w+)/.exec(text)?.[1] ?? '';
  return `refused before the change: ${separated(`\`${code}\``, who(text))}`;
}

/** The coded error at the end of what a command has reported. */
export function errorText(stderr: string): string {
  return stderr.slice(stderr.lastIndexOf('\nerror ') + 1);
}

/** The preflight's errors for one target. */
export function errorsAt(findings: readonly Finding[], namespace: string): readonly Finding[] {
  return findings.filter(({ level, where }) => level === 'error' && ` ${where} `.includes(` ${namespace} `));
}

export const textOf = (findings: readonly Finding[]): string =>
  findings.map(({ what, hint }) => `${what} ${hint}`).join(' ');

export function installCell(errors: readonly Finding[]): string {
  return `refused before the change: ${separated(...errors.map(({ code }) => `\`${code}\``), who(textOf(errors)))}`;
}

/**
 * What the hook says of a workload that it left alone, from what helm shows of its log; undefined when it opted it in.
 */
export function hookLine(log: string, namespace: string): string | undefined {
  const words = log.replaceAll('\\', '');
  const start = words.indexOf(`"event":"failed","object":"deployment/web in ${namespace}"`);
  return start < 0 ? undefined : words.slice(start, words.indexOf('{"event":', start));
}

export function hookCell(line: string): string {
  return `not opted in: ${separated(`\`${/"code":"(\w+)"/.exec(line)?.[1]}\``, who(line))}`;
}

export function whyCell({ state, reason, conditions }: WhyResult): string {
  const unmet = conditions.filter(({ met }) => met === false).map(({ what }) => what);
  return separated(`\`${state}\``, reason === null ? '' : `\`${reason}\``, who(unmet.join(' ')));
}

export function checkCell({ findings }: CheckResult): string {
  const told = findings.filter(({ level }) => level !== 'ok');
  if (told.length === 0) return 'no problems found';
  return [...new Set(told.map(({ level, code }) => `${level} \`${code}\``))].toSorted().join(', ');
}
