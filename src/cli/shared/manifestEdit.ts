import { fileStart, type ManifestReport, type Origin, type OtherWorkload } from '../../ways/manifest/index.ts';
import type { ManifestFlags } from '../flags/manifestFlags.ts';
import { createReport } from '../io/injectReport.ts';
import { openInputs, type Input } from '../io/input.ts';
import { say } from '../io/output.ts';
import { createSpool, type Spool } from '../io/spool.ts';
import { openManifestOutput } from './manifestOutput.ts';
import type { SelectionCheck } from './selectionCheck.ts';

/** A run of whole documents of a file. */
export interface Part {
  readonly text: string;
  readonly file: string;
  readonly origin: Origin;
}

/** The result. */
export interface EditedPart {
  readonly text: string;
  readonly reports: readonly ManifestReport[];
  readonly others: readonly OtherWorkload[];
  readonly behind: Origin;
}

/** What a command does with the parts of its input, in their order. */
export interface Editor {
  readonly check: SelectionCheck;
  readonly edit: (part: Part) => EditedPart;
  /** The text after the last part. Without it, each file is a stream of YAML documents. */
  readonly end?: () => string;
}

/**
 * Edits the manifests that the flags name, run by run, and writes the result only when all of them are good. The memory
 * that this needs does not grow with the number of documents.
 * @param prepare looks at the inputs before the first edit
 */
export async function editManifests(
  flags: ManifestFlags,
  prepare: (inputs: readonly Input[]) => Promise<Editor>,
): Promise<void> {
  await withSpool(async (spool) => {
    const inputs = await openInputs(flags.filename, flags.recursive === true, spool);
    const { check, edit, end } = await prepare(inputs);
    const output = openManifestOutput(inputs, { ...flags, joined: end === undefined }, spool);
    const report = createReport(spool);
    for (const input of inputs) {
      for await (const { before, after } of editedParts(input, edit)) {
        await output.add(input, after.text, after.text !== before);
        await report.add(input.file, after);
        check.add(input.file, after);
      }
    }
    const warnings = check.finish();
    await output.finish(end?.() ?? '');
    await report.print();
    for (const line of warnings) say(line);
  });
}

/** Gives a spool to a function, and closes it afterwards, also after an error. */
export async function withSpool(use: (spool: Spool) => Promise<void>): Promise<void> {
  const spool = createSpool();
  try {
    await use(spool);
  } finally {
    await spool.close();
  }
}

/** The parts of a file, each before and after. */
export async function* editedParts<T extends { readonly behind: Origin }>(
  { file, texts }: Input,
  edit: (part: Part) => T,
): AsyncGenerator<{ readonly before: string; readonly after: T }> {
  let origin = fileStart;
  for await (const text of texts()) {
    const after = edit({ text, file, origin });
    yield { before: text, after };
    origin = after.behind;
  }
}
