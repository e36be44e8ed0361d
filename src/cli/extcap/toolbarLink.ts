import type { PodName } from '../../captures/index.ts';
import type { StreamEvent } from '../../captures/stream/index.ts';
import type { SteeredValues } from '../../extcap/choice.ts';
import {
  controlCommands,
  createControlReader,
  encodeControl,
  type ControlMessage,
} from '../../extcap/controlMessages.ts';
import {
  logMessage,
  podMessages,
  settingMessages,
  textMessage,
  toolbarControls,
  type ToolbarPod,
} from '../../extcap/toolbar.ts';
import { settingRefusal, type SettingValues } from '../../settings/index.ts';
import { createChanges } from './changes.ts';
import { openControlPipes } from './pipes.ts';

/** The toolbar of one capture. */
export interface ToolbarLink {
  /** What the user sets there: filter and snaplen, each time both. */
  readonly changes: AsyncIterable<SettingValues>;
  /** Takes a line of what this program reports. */
  readonly log: (line: string) => void;
  readonly onEvent: (event: StreamEvent) => void;
  /** Resolves when Wireshark has opened its ends of the pipes, or after some seconds. */
  readonly opened: () => Promise<void>;
  readonly close: () => void;
}

/** How long Wireshark may take to open its ends, in milliseconds. */
const opensWithin = 3000;

/** How often the list of pods is written again, if it has changed, in milliseconds. */
const showEvery = 2000;

/**
 * Links the toolbar to a stream: what is typed there goes to the stream, and what the stream reports goes there.
 * Wireshark's window waits until somebody has the other ends of the pipes, so they are opened first, and kept until
 * Wireshark has come.
 * @param given the dialog's filter and snaplen, empty where each pod's own holds
 * @throws FILE_UNWRITABLE when the pipes cannot be opened
 */
export async function linkToolbar(
  fromWireshark: string,
  toWireshark: string,
  given: SteeredValues,
): Promise<ToolbarLink> {
  const changes = createChanges<SettingValues>();
  const read = createControlReader();
  const pods = new Map<string, ToolbarPod>();
  const opened = Promise.withResolvers<void>();
  let isReady = false;
  let isOpen = true;
  let isShown = true;
  let current = given;
  let asked = given;

  const pipes = await openControlPipes(fromWireshark, toWireshark, (bytes) => {
    if (!isOpen) return;
    try {
      for (const message of read(bytes)) take(message);
    } catch {
      // Where a message begins is not known any more.
      isOpen = false;
      send([textMessage('warning', 'packet-capture: the toolbar has no effect any more: it sent what is no message')]);
    }
  });
  const send = (messages: readonly ControlMessage[]): void => {
    for (const message of messages) pipes.write(encodeControl(message));
  };
  const showSettings = (): void => send(settingMessages(current.filter, current.snaplen));

  const take = ({ control, command, payload }: ControlMessage): void => {
    if (command === controlCommands.initialized) {
      isReady = true;
      opened.resolve();
      showSettings();
    }
    if (command !== controlCommands.set) return;
    if (control === toolbarControls.filter) ask('filter', payload.trim());
    if (control === toolbarControls.snaplen) ask('snaplen', payload.trim());
  };

  const ask = (name: keyof SteeredValues, value: string): void => {
    // Values of before the capture are those of an earlier one: what the dialog has goes before them.
    if (!isReady && given[name] !== '') return;
    const problem = settingRefusal(name, value);
    if (problem !== undefined) {
      send([textMessage('warning', `packet-capture: ${problem}`)]);
      showSettings();
      return;
    }
    asked = { ...asked, [name]: value };
    if (!isReady) current = asked;
    changes.put(settingsOf(asked));
  };

  const showPods = setInterval(() => {
    if (isShown) return;
    isShown = true;
    send(podMessages([...pods.values()]));
  }, showEvery);

  const showPod = ({ namespace, name: pod }: PodName, dropped: number | undefined): void => {
    const name = `${namespace}/${pod}`;
    if (pods.has(name) && pods.get(name)?.dropped === dropped) return;
    pods.set(name, { name, dropped });
    isShown = false;
  };
  const tellRefusal = ({ pod, reason, kept }: Extract<StreamEvent, { readonly type: 'refused' }>): void => {
    const where = `${pod.namespace}/${pod.name}`;
    const after = kept ? 'The capture goes on as before.' : 'The capture there goes on as before.';
    send([textMessage('warning', `packet-capture: ${where} refuses it: ${reason}. ${after}`)]);
    if (!kept) return;
    asked = current;
    showSettings();
  };
  const onEvent = (event: StreamEvent): void => {
    if (event.type === 'joined') showPod(event.pod, undefined);
    if (event.type === 'dropped') showPod(event.pod, event.dropped);
    if ((event.type === 'left' || event.type === 'failed') && pods.delete(`${event.pod.namespace}/${event.pod.name}`))
      isShown = false;
    if (event.type === 'refused') tellRefusal(event);
    if (event.type !== 'moved') return;
    const { filter = '', snaplen = '' } = event.wanted;
    current = { filter, snaplen };
    send([textMessage('status', `packet-capture: ${movedText(current)}`)]);
  };

  return {
    changes,
    onEvent,
    log: (line) => {
      send([logMessage(line)]);
      if (line.startsWith('warning: ')) send([textMessage('status', `packet-capture: ${line}`)]);
    },
    opened: async () => {
      const patience = setTimeout(opened.resolve, opensWithin);
      await opened.promise;
      clearTimeout(patience);
    },
    close: () => {
      clearInterval(showPods);
      pipes.close();
    },
  };
}

/** An empty field stands for each pod's own setting. */
export function settingsOf({ filter, snaplen }: SteeredValues): SettingValues {
  return { ...(filter === '' ? {} : { filter }), ...(snaplen === '' ? {} : { snaplen }) };
}

function movedText({ filter, snaplen }: SteeredValues): string {
  const bytes = snaplen === '' ? '' : `, bytes ${snaplen}`;
  return filter === '' ? `each pod's own filter${bytes}` : `filter ${filter}${bytes}`;
}
