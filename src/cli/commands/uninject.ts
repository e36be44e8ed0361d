import type { Command } from 'commander';
import { readInputs } from '../input.ts';
import { addManifestFlags, type ManifestFlags } from '../manifestFlags.ts';
import { writeManifests } from '../manifestOutput.ts';
import { formatReports } from '../report.ts';
import { sidecarOfFlags, type SidecarFlags } from '../sidecarFlags.ts';

/** `uninject -f`: the inverse of `inject`, to the byte. */
export function addUninject(program: Command): void {
  const command = program
    .command('uninject')
    .description('take the sidecar out of manifests again: the original bytes')
    .option('--sidecar-config <FILE>', 'the sidecar of your own that was added with this file');
  addManifestFlags(command).action(async (flags: ManifestFlags & SidecarFlags) => {
    const config = await sidecarOfFlags(flags);
    const { uninjectManifest } = await import('../../manifest/index.ts');
    const results = (await readInputs(flags.filename, flags.recursive === true)).map((input) => {
      const { text, reports } = uninjectManifest(input.text, { config, file: input.file });
      return { input, text, reports: reports.map((report) => ({ file: input.file, ...report })) };
    });
    await writeManifests(results, flags);
    for (const line of formatReports(results.flatMap(({ reports }) => reports))) console.error(line);
  });
}
