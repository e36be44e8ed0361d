import type { PodWindow } from '../timeWindow.ts';
import { openedAt, type RemoteFile } from './listing.ts';

/** The files of a pod that can have packets of a window, the oldest first. */
export interface WindowFiles {
  /** They can by the times in their names. */
  readonly wanted: readonly RemoteFile[];
  /** They were opened after the window, and can only if packets waited for longer than usual to be written. */
  readonly late: readonly RemoteFile[];
}

const second = 1_000_000_000n;
/** Packets may wait so long in the kernel's buffer, and a new file may begin with them. */
const usualWait = 2n * second;

/**
 * Chooses files by their names. A file of the ring has packets from before it was opened, since they wait in the
 * kernel's buffer, and none from after the next one was opened. The names have whole seconds. Files with other names
 * may have anything. Pure.
 * @param files of one pod, sorted by name
 */
export function filesOfWindow(files: readonly RemoteFile[], pod: string, { from, to }: PodWindow): WindowFiles {
  const ring = files.flatMap((file) => {
    const opened = openedAt(file.name, pod);
    return opened === undefined ? [] : [{ file, opened }];
  });
  const followers = new Map(ring.map(({ file }, index) => [file, ring[index + 1]?.opened]));
  const possible = files.filter((file) => {
    const next = followers.get(file);
    return next === undefined || next + second > from;
  });
  const isLate = ({ name }: RemoteFile): boolean => (openedAt(name, pod) ?? to) >= to + usualWait;
  return { wanted: possible.filter((file) => !isLate(file)), late: possible.filter(isLate) };
}

/** When the oldest file of the ring was opened, if that was after the window's beginning. Pure. */
export function beginsLate(files: readonly RemoteFile[], pod: string, { from }: PodWindow): bigint | undefined {
  const opened = files.map(({ name }) => openedAt(name, pod)).find((time) => time !== undefined);
  return opened !== undefined && opened > from ? opened : undefined;
}
