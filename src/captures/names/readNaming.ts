import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { createAddressBook, type AddressBook } from './addressBook.ts';
import { missingNote, otherLists, podList, readOwners } from './readOwners.ts';

/**
 * Names for packets that were captured before now: an address is named when its present owner has had it since before
 * its first packet.
 * @param namespaces of the target, for users who may not list the whole cluster
 * @returns also one note about what the user may not read
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function readNaming(
  kubectl: Kubectl,
  namespaces: () => Promise<readonly string[]>,
): Promise<{ readonly naming: AddressBook; readonly note: string | undefined }> {
  const naming = createAddressBook();
  const reads = await Promise.all([podList, ...otherLists].map(async (list) => readOwners(kubectl, list, namespaces)));
  for (const { parts } of reads) for (const { owners } of parts) for (const owner of owners) naming.set(owner);
  return { naming, note: missingNote(reads) };
}
