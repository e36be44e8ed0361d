import { attachPods, type AttachPodsOptions, type AttachPodsResult } from '../../captures/attach/index.ts';
import { isCodedError } from '../../errors.ts';
import { counted, say } from '../io/output.ts';
import { createProgressLine } from '../io/progressLine.ts';
import { staysText } from './attachReport.ts';

/** Milliseconds after which a wait is reported. */
const quietFor = 2000;

/**
 * Attaches agents and shows how that goes. An interruption says what stays: a container that was added cannot be
 * removed.
 * @throws as attachPods
 */
export async function attachAgents(
  options: Omit<AttachPodsOptions, 'report' | 'onAdded' | 'onWaiting'>,
): Promise<AttachPodsResult> {
  const line = createProgressLine();
  const begun = performance.now();
  let added = 0;
  try {
    return await attachPods({
      ...options,
      report: line.say,
      onAdded: () => (added += 1),
      onWaiting: (containers) => {
        if (performance.now() - begun >= quietFor) line.show(`waiting for ${counted(containers, 'container')}`);
      },
    });
  } catch (error) {
    line.end();
    if (added > 0 && isCodedError(error)) say(staysText(added, options.ttl));
    throw error;
  } finally {
    line.end();
  }
}
