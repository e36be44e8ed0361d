import { sentence } from './sentence.ts';

/** The fields of the dialog by name: the flag of each is `--NAME`. */
export const dialogFields = {
  namespace: 0,
  workload: 1,
  pod: 2,
  selector: 3,
  attach: 4,
  image: 5,
  reason: 6,
  filter: 7,
  snaplen: 8,
} as const;

/** The fields whose values are read from the cluster when the user asks for them. */
export type ListedField = 'namespace' | 'workload' | 'pod';

/** Whether a field has a list. */
export function isListed(name: string): name is ListedField {
  return name === 'namespace' || name === 'workload' || name === 'pod';
}

/** The workload that stands for all captured pods of the namespace, or for those with the labels. */
export const anyWorkload = '*';

/** What the dialog offers, as far as it is known without asking the cluster. */
export type KnownValues = Readonly<Record<ListedField, readonly string[]>>;

/** The snaplen's values: a number of bytes, or headers alone. */
const snaplenPattern = '^(\\d{1,7}|headers)$';

/**
 * The answer to `--extcap-config`. Wireshark asks for it when it starts, once for each interface. Pure.
 * @param namespace of the context
 */
export function dialogSentences(known: KnownValues, namespace: string): string[] {
  const { workload, pod, namespace: namespaces } = known;
  const field = (name: keyof typeof dialogFields, parameters: Parameters<typeof sentence>[1]): string =>
    sentence('arg', { number: dialogFields[name], call: `--${name}`, ...parameters });
  return [
    field('namespace', {
      display: 'Namespace',
      type: 'selector',
      reload: true,
      placeholder: 'Load from the cluster',
      tooltip: 'Load reads the namespaces that you may list',
    }),
    field('workload', {
      display: 'Workload',
      type: 'selector',
      reload: true,
      required: true,
      placeholder: 'Load from the cluster',
      tooltip: 'Load reads the workloads and Services of the namespace. Pods that come later join the capture',
    }),
    field('pod', {
      display: 'Pods',
      type: 'selector',
      reload: true,
      placeholder: 'Load from the cluster',
      tooltip: 'Load reads the pods of the workload',
    }),
    field('selector', {
      display: 'Labels',
      type: 'string',
      placeholder: 'app=web,tier!=db',
      tooltip: 'Pods with these labels, as kubectl takes them. Choose the workload "any" with it',
    }),
    field('attach', {
      display: 'Attach if not injected',
      type: 'boolean',
      default: false,
      tooltip: 'Adds an ephemeral container to pods without the sidecar. It ends by itself after an hour',
    }),
    field('image', {
      display: "Agent's image, to attach",
      type: 'string',
      placeholder: '$PACKET_CAPTURE_IMAGE',
    }),
    field('reason', {
      display: 'Why you attach',
      type: 'string',
      tooltip: 'For others: it is in an Event of the pod',
    }),
    field('filter', {
      display: 'Filter',
      type: 'string',
      placeholder: "each pod's own",
      tooltip: 'As tcpdump takes it. The toolbar changes it while it captures',
    }),
    field('snaplen', {
      display: 'Bytes of each packet',
      type: 'string',
      placeholder: "each pod's own",
      validation: snaplenPattern,
      tooltip: 'A number, 0 for all, or "headers". The toolbar changes it while it captures',
    }),
    ...listSentences('namespace', namespaces, namespace),
    ...listSentences('workload', workload, ''),
    ...listSentences('pod', pod, ''),
  ];
}

/** The first entry of a list: what holds when nothing is chosen. */
function firstEntry(field: ListedField, namespace: string): { readonly value: string; readonly display: string } {
  if (field === 'namespace') return { value: '', display: `the context's: ${namespace}` };
  if (field === 'workload') return { value: '', display: 'choose one' };
  return { value: '', display: 'all of the workload, later ones too' };
}

/** The values of a list, the answer to `--extcap-reload-option` too. Pure. */
export function listSentences(field: ListedField, values: readonly string[], namespace: string): string[] {
  const arg = dialogFields[field];
  const any =
    field === 'workload' ? [{ value: anyWorkload, display: 'any: all that capture, or those with the labels' }] : [];
  const entries = values.map((value) => ({ value, display: value }));
  return [firstEntry(field, namespace), ...any, ...entries].map(({ value, display }, index) =>
    sentence('value', { arg, value, display, default: index === 0 }),
  );
}
