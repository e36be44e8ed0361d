import { shell } from '../../shell.ts';
import type { AttachFlags } from '../flags/attachFlags.ts';

/** Flags of kubectl that choose the cluster and the user; none of them is secret. */
const passedOn = ['kubeconfig', 'context', 'as'] as const;

/** The commands that come after an attach into files: to fetch them, and to end the capture. Pure. */
export function nextText(name: string | undefined, flags: AttachFlags): string {
  const { selector, namespace, allNamespaces } = flags;
  const target = [
    ...(name === undefined ? [] : [name]),
    ...(selector === undefined ? [] : ['-l', selector]),
    ...(namespace === undefined ? [] : ['-n', namespace]),
    ...(allNamespaces === true ? ['-A'] : []),
    ...passedOn.flatMap((flag) => (flags[flag] === undefined ? [] : [`--${flag}`, flags[flag]])),
  ];
  return shell`next: packet-capture download ${target}, and to end the capture: packet-capture stop ${target}`;
}
