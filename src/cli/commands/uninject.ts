import type { Command } from 'commander';
import { addManifestFlags, type ManifestFlags } from '../flags/manifestFlags.ts';
import { addSelectionFlags, readingOf, type SelectionFlags } from '../flags/selectionFlags.ts';
import { sidecarOfFlags, type SidecarFlags } from '../flags/sidecarFlags.ts';

/** `uninject -f`: the inverse of `inject`, to the byte. */
export function addUninject(program: Command): void {
  const command = program
    .command('uninject')
    .description('remove the sidecar from manifests, which restores the original bytes')
    .option('--sidecar-config <FILE>', 'the file with which a custom sidecar was added');
  addSelectionFlags(addManifestFlags(command)).action(async (flags: ManifestFlags & SidecarFlags & SelectionFlags) => {
    const config = await sidecarOfFlags(flags);
    const reading = await readingOf(flags);
    const { uninjectManifest } = await import('../../ways/manifest/index.ts');
    const { editManifests } = await import('../shared/manifestEdit.ts');
    const { createSelectionCheck } = await import('../shared/selectionCheck.ts');
    await editManifests(flags, async () => ({
      check: createSelectionCheck(flags),
      edit: ({ text, ...part }) => uninjectManifest(text, { ...reading, ...part, config }),
    }));
  });
}
