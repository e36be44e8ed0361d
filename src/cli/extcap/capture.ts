import { choiceOf, steeredOf } from '../../extcap/choice.ts';
import { anyWorkload } from '../../extcap/dialog.ts';
import { runAttach } from '../commands/attach.ts';
import { runStream } from '../commands/stream.ts';
import { interruption } from '../io/interruption.ts';
import { reportTo } from '../io/output.ts';
import type { StreamTaker } from '../shared/streamTo.ts';
import { findInterface } from './contexts.ts';
import { openPacketPipe } from './pipes.ts';
import { readKnown, remember } from './remembered.ts';
import { linkToolbar } from './toolbarLink.ts';

/** How often it is looked whether Wireshark is still there, in milliseconds. */
const lookEvery = 1000;

/**
 * Captures for Wireshark, until it closes the pipe, ends this process or has ended itself.
 * @param values of Wireshark's call
 * @throws as runStream and runAttach
 */
export async function capture(values: Readonly<Record<string, string>>): Promise<void> {
  const { 'extcap-control-in': input, 'extcap-control-out': output } = values;
  const isShown = input !== undefined && output !== undefined;
  const toolbar = isShown ? await linkToolbar(input, output, steeredOf(values)) : undefined;
  // Wireshark shows what comes on standard error as an error.
  reportTo(toolbar?.log ?? (() => undefined));
  const interrupted = interruption();
  const parentId = process.ppid;
  const parent = setInterval(() => {
    if (process.ppid !== parentId) process.kill(process.pid, 'SIGTERM');
  }, lookEvery);
  try {
    const found = await findInterface(values['extcap-interface'] ?? '');
    const chosen = choiceOf(values, found);
    await rememberChoice(found.name, values);
    const pipe = await openPacketPipe(values['fifo'] ?? '', interrupted);
    const taker: StreamTaker = { output: pipe, changes: toolbar?.changes, onEvent: toolbar?.onEvent };
    const flags = { ...chosen.flags, output: '-', names: 'auto', maxPods: '32' } as const;
    if (chosen.attach) await runAttach(chosen.pods, { ...flags, timeout: '60s' }, taker);
    else await runStream(chosen.pods, { ...flags, everyPod: chosen.everyPod }, taker);
  } finally {
    clearInterval(parent);
    if (!interrupted.aborted) await toolbar?.opened();
    toolbar?.close();
  }
}

/** So that the choice that Wireshark stores is in the lists the next time. */
async function rememberChoice(context: string, values: Readonly<Record<string, string>>): Promise<void> {
  const known = await readKnown(context);
  const withChoice = (field: 'namespace' | 'workload' | 'pod'): readonly string[] => {
    const value = values[field] ?? '';
    return value === '' || value === anyWorkload || known[field].includes(value)
      ? known[field]
      : [...known[field], value];
  };
  await remember(context, {
    namespace: withChoice('namespace'),
    workload: withChoice('workload'),
    pod: withChoice('pod'),
  });
}
