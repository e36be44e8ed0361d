import { version } from '../version.ts';
import type { KubeContext } from './kubeconfig.ts';
import { sentence } from './sentence.ts';
import { toolbarSentences } from './toolbar.ts';

/** An interface that Wireshark lists: a context of kubectl's configuration. */
export interface ExtcapInterface extends KubeContext {
  /**
   * The name by which Wireshark calls it, of letters, digits and dashes: Wireshark makes names of files and of
   * preferences from it, and shows it in the toolbar.
   */
  readonly value: string;
}

const prefix = 'kubernetes-';

/** The longest part of a name that comes from the context: a name of a pipe on Windows has at most 256 characters. */
const longestName = 80;

/** The interfaces for contexts, in their order. Pure. */
export function interfacesOf(contexts: readonly KubeContext[]): ExtcapInterface[] {
  const taken = new Set<string>();
  return contexts.map((context) => {
    const plain = context.name
      .replaceAll(/[^A-Za-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, longestName);
    const name = plain === '' ? 'context' : plain;
    let value = `${prefix}${name}`;
    for (let number = 2; taken.has(preferenceName(value)); number += 1) value = `${prefix}${name}-${number}`;
    taken.add(preferenceName(value));
    return { ...context, value };
  });
}

/** Interfaces whose names differ in nothing else share their options (extcap.c, extcap_pref_for_argument). */
function preferenceName(value: string): string {
  return value.toLowerCase().replaceAll(/[^a-z1-9_]/g, '_');
}

/** The answer to `--extcap-interfaces`. Pure. */
export function interfaceSentences(interfaces: readonly ExtcapInterface[]): string[] {
  if (interfaces.length === 0) return [];
  return [
    sentence('extcap', { version, display: 'packet-capture' }),
    ...interfaces.map(({ value, name }) => sentence('interface', { value, display: `Kubernetes: ${name}` })),
    ...toolbarSentences(),
  ];
}

/** The answer to `--extcap-dlts`: each interface of the pcapng has its own link type, so this one is for the dialog. */
export function linkTypeSentences(): string[] {
  return [sentence('dlt', { number: 1, name: 'EN10MB', display: 'Ethernet, and what else the pods have' })];
}
