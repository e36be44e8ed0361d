import type { CodedError } from '../errors.ts';

/** What to do in Wireshark, where the command line would name a flag. */
const hints: Readonly<Record<string, string>> = {
  NOT_CAPTURED: 'Tick "Attach if not injected" in the options of the interface, or choose other pods.',
  IMAGE_NOT_NAMED: "Name the agent's image in the options of the interface.",
  CLUSTER_UNREACHABLE: 'Check the context and the network.',
  SETTING_INVALID: 'Correct it in the options of the interface.',
  USAGE: 'Choose a workload, a pod or labels in the options of the interface (the gear next to it).',
};

/** Fields of the dialog by the flags of the command line. */
const fields: Readonly<Record<string, string>> = {
  '--filter': 'Filter',
  '--snaplen': 'Bytes of each packet',
  '--image': "Agent's image",
  '--reason': 'Why you attach',
  '-l': 'Labels',
};

/** An error as Wireshark shows it, in a dialog: the same words, with what to do there. Pure. */
export function dialogError({ code, message, where, hint }: CodedError): string {
  const place = where === undefined ? '' : `${fields[where] ?? where}: `;
  return `packet-capture: ${place}${message}. ${hints[code] ?? hint} (${code})`;
}
