import type { Command } from 'commander';
import { isCodedError } from '../../errors.ts';
import { addFunctionFlags, withFunctionFlags, type FunctionFlags } from '../flags/functionFlags.ts';
import { addInjectFlags, injectOptions, type InjectFlags } from '../flags/injectFlags.ts';
import { addInputFlags, type InputFlags } from '../flags/manifestFlags.ts';
import { say, sayError, writeData } from '../io/output.ts';

type Flags = InputFlags & InjectFlags & FunctionFlags;

/** `diff -f`: what `inject` would change, as `kubectl diff` shows it. */
export function addDiff(program: Command): void {
  const command = program
    .command('diff')
    .description('show what inject would change in manifests; exit code 1 if there is a difference, 2 if it fails');
  addInjectFlags(addFunctionFlags(addInputFlags(command))).action(async (flags: Flags) => {
    try {
      if (await printDiff(flags)) process.exitCode = 1;
    } catch (error) {
      // Exit code 1 means that there is a difference, so a failure is 2, as in diff(1).
      if (!isCodedError(error)) throw error;
      sayError(error);
      process.exitCode = 2;
    }
  });
}

/** @returns true when there is a difference */
async function printDiff(flags: Flags): Promise<boolean> {
  const { injectManifest, unifiedDiff, unifiedDiffOf } = await import('../../ways/manifest/index.ts');
  const { openInputs } = await import('../io/input.ts');
  const { withSpool } = await import('../shared/manifestEdit.ts');
  const { podSecurityOf } = await import('../shared/filesPodSecurity.ts');
  const { createReport } = await import('../io/injectReport.ts');
  const { createSelectionCheck } = await import('../shared/selectionCheck.ts');
  let different = false;
  await withSpool(async (spool) => {
    const inputs = await openInputs(flags.filename, flags.recursive === true, spool);
    const allFlags = await withFunctionFlags(flags, inputs);
    const options = await injectOptions(allFlags);
    const podSecurityByNamespace = await podSecurityOf(inputs);
    const [output, report, check] = [spool.text(), createReport(spool), createSelectionCheck(allFlags)];
    for (const { file, texts } of inputs) {
      let text = '';
      for await (const part of texts()) text += part;
      const injected = injectManifest(text, { ...options, podSecurityByNamespace, file });
      if (injected.text !== text) different = true;
      await output.add(
        injected.replaces ? unifiedDiffOf(file, text, injected.text) : unifiedDiff(file, text, injected.insertions),
      );
      await report.add(file, injected);
      check.add(file, injected);
    }
    const warnings = check.finish();
    await writeData(output.read());
    await report.print();
    for (const line of warnings) say(line);
  });
  return different;
}
