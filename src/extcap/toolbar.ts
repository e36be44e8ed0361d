import { controlCommands, type ControlMessage } from './controlMessages.ts';
import { sentence } from './sentence.ts';

/** The numbers of the toolbar's controls. */
export const toolbarControls = { filter: 0, snaplen: 1, pods: 2, log: 3 } as const;

/** The entry of the list of pods that is shown. */
const sumOfPods = 'all';

/** The controls of the toolbar, in the answer to `--extcap-interfaces`. Pure. */
export function toolbarSentences(): string[] {
  const { filter, snaplen, pods, log } = toolbarControls;
  return [
    sentence('control', {
      number: filter,
      type: 'string',
      display: 'Filter',
      placeholder: "each pod's own",
      tooltip: "As tcpdump takes it; Enter changes it while it captures. Empty: each pod's own",
    }),
    sentence('control', {
      number: snaplen,
      type: 'string',
      display: 'Bytes',
      placeholder: "each pod's own",
      validation: '^(\\d{1,7}|headers)$',
      tooltip: 'Bytes of each packet: a number, 0 for all, or "headers"; Enter changes it while it captures',
    }),
    sentence('control', {
      number: pods,
      type: 'selector',
      display: 'Pods',
      tooltip: 'The pods that capture, and the packets that each has dropped',
    }),
    sentence('value', { control: pods, value: sumOfPods, display: 'no capture', default: true }),
    sentence('control', {
      number: log,
      type: 'button',
      role: 'logger',
      display: 'Log',
      tooltip: 'What packet-capture reports',
    }),
  ];
}

/** A pod that captures; `dropped` is undefined while it is not known. */
export interface ToolbarPod {
  readonly name: string;
  readonly dropped: number | undefined;
}

/** The messages that show these pods. Pure. */
export function podMessages(pods: readonly ToolbarPod[]): ControlMessage[] {
  const control = toolbarControls.pods;
  const sum = pods.reduce((all, { dropped = 0 }) => all + dropped, 0);
  const first =
    pods.length === 0 ? 'no pod captures' : `${pods.length} ${pods.length === 1 ? 'pod' : 'pods'}, ${sum} dropped`;
  const entry = (value: string, display: string): ControlMessage => ({
    control,
    command: controlCommands.add,
    payload: `${value}\0${display}`,
  });
  return [
    { control, command: controlCommands.remove, payload: '' },
    entry(sumOfPods, first),
    ...pods.map(({ name, dropped }) =>
      entry(name, `${name}: ${dropped === undefined ? 'dropped packets not known' : `${dropped} dropped`}`),
    ),
    { control, command: controlCommands.set, payload: sumOfPods },
  ];
}

/** The messages that show what is captured. Pure. */
export function settingMessages(filter: string, snaplen: string): ControlMessage[] {
  return [
    { control: toolbarControls.filter, command: controlCommands.set, payload: filter },
    { control: toolbarControls.snaplen, command: controlCommands.set, payload: snaplen },
  ];
}

/** A line in the toolbar's log. Pure. */
export function logMessage(line: string): ControlMessage {
  return { control: toolbarControls.log, command: controlCommands.add, payload: `${line}\n` };
}

/** A text in Wireshark's status bar, or in a dialog. Pure. */
export function textMessage(kind: 'status' | 'warning' | 'error', text: string): ControlMessage {
  return { control: 0, command: controlCommands[kind], payload: text };
}
