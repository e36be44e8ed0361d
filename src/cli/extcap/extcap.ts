import { inspect } from 'node:util';
import { isCodedError } from '../../errors.ts';
import { readCall } from '../../extcap/call.ts';
import { dialogSentences, isListed, listSentences } from '../../extcap/dialog.ts';
import { dialogError } from '../../extcap/errorText.ts';
import { interfaceSentences, linkTypeSentences } from '../../extcap/interfaces.ts';
import { printData, sayAtEnd } from '../io/output.ts';
import { findInterface, readInterfaces } from './contexts.ts';
import { readKnown, remember } from './remembered.ts';

/**
 * The extcap program that Wireshark calls: answers its questions, or captures. What goes wrong is one line on standard
 * error, which Wireshark shows.
 * @param args as Wireshark gives them
 */
export async function extcap(args: readonly string[]): Promise<void> {
  const { does, values } = readCall(args);
  try {
    const lines = does === 'capture' ? await captured(values) : await answer(does, values);
    if (lines.length > 0) printData(lines.join('\n'));
  } catch (error) {
    if (isCodedError(error) && error.code === 'INTERRUPTED') return;
    // Wireshark asks at its start: a question about a context that has gone is no error to show.
    if (does === 'capture') sayAtEnd(isCodedError(error) ? dialogError(error) : inspect(error));
    process.exitCode = 1;
  }
}

async function captured(values: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { capture } = await import('./capture.ts');
  await capture(values);
  return [];
}

async function answer(
  does: Exclude<ReturnType<typeof readCall>['does'], 'capture'>,
  values: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const name = values['extcap-interface'] ?? '';
  switch (does) {
    case 'interfaces':
      return interfaceSentences(await readInterfaces());
    case 'linkTypes':
      return linkTypeSentences();
    case 'config': {
      const { name: context, namespace = 'default' } = await findInterface(name);
      return dialogSentences(await readKnown(context), namespace);
    }
    case 'reload':
      return reload(name, values);
    case 'checkFilter': {
      // The pods compile it; what no pod takes is found here.
      const { settingRefusal } = await import('../../settings/index.ts');
      const problem = settingRefusal('filter', values['extcap-capture-filter'] ?? '');
      return problem === undefined ? [] : [problem];
    }
    case 'nothing':
    default:
      return [];
  }
}

async function reload(name: string, values: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const field = values['extcap-reload-option'] ?? '';
  if (!isListed(field)) return [];
  const found = await findInterface(name);
  const { readList } = await import('./lists.ts');
  const list = await readList(field, found, values);
  // When the cluster does not answer, the lists of before are better than none.
  if (list.length === 0)
    return listSentences(field, (await readKnown(found.name))[field], found.namespace ?? 'default');
  await remember(found.name, { [field]: list });
  return listSentences(field, list, found.namespace ?? 'default');
}
