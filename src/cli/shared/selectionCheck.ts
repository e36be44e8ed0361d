import { codedError, type CodedError } from '../../errors.ts';
import { plainText } from '../../plainText.ts';
import { manifestSkipReasons, type ManifestReport, type OtherWorkload } from '../../ways/manifest/index.ts';
import type { SelectionFlags } from '../flags/selectionFlags.ts';
import { workloadText } from '../io/injectReport.ts';

/** The flags that name workloads, and the one that demands that all of them are injected. */
export interface SelectionCheckFlags extends SelectionFlags {
  readonly requireInjection?: boolean;
}

/** Checks that the flags found the workloads that they name, and, with --require-injection, that all are injected. */
export interface SelectionCheck {
  add(
    file: string,
    seen: { readonly reports: readonly ManifestReport[]; readonly others: readonly OtherWorkload[] },
  ): void;
  /**
   * Called when all input was read, before anything is written.
   * @returns lines to print on standard error
   * @throws USAGE for a name that is not there, NOT_INJECTED with `--require-injection`
   */
  finish(): readonly string[];
}

/** The most lines of an error. */
const shown = 20;

/** A check that has seen no workload yet. */
export function createSelectionCheck(flags: SelectionCheckFlags): SelectionCheck {
  const names = new Set<string>();
  const kinds = new Set<string>();
  const notInjected: string[] = [];
  const counts = { selected: 0, others: 0, notInjected: 0 };
  return {
    add(file, { reports, others }) {
      counts.others += others.length;
      counts.selected += reports.length;
      for (const { kind } of others) kinds.add(kind);
      for (const report of reports) {
        names.add(report.name);
        kinds.add(report.kind);
        if (report.result !== 'skipped' || report.reason === undefined || report.reason === 'already_injected')
          continue;
        counts.notInjected += 1;
        if (notInjected.length < shown)
          notInjected.push(
            `  ${plainText(workloadText(file, report))}: ${report.reason}: ${manifestSkipReasons[report.reason]}`,
          );
      }
    },
    finish() {
      const absent = flags.name?.find((name) => !names.has(name));
      if (absent !== undefined) throw nameNotFound(absent, flags);
      const lines = notFound(flags, kinds, counts);
      if (flags.requireInjection === true) requireAll(lines, notInjected, counts);
      return lines.map((line) => `warning: ${line}`);
    },
  };
}

function nameNotFound(name: string, { kind, selector }: SelectionCheckFlags): CodedError {
  const narrowed = [...(kind === undefined ? [] : ['--kind']), ...(selector === undefined ? [] : ['-l'])].join(' and ');
  const what =
    narrowed === ''
      ? `the input has no workload "${name}"`
      : `${narrowed} ${narrowed.includes(' and ') ? 'select' : 'selects'} no workload "${name}"`;
  return codedError('USAGE', what, { where: '--name', hint: 'Check the name and the files; nothing was written.' });
}

/** Warnings for flags that match nothing: this may be intended. */
function notFound(
  flags: SelectionCheckFlags,
  kinds: ReadonlySet<string>,
  { selected, others }: { readonly selected: number; readonly others: number },
): string[] {
  const lines = (flags.templatePath ?? [])
    .filter((text) => !kinds.has(text.slice(text.indexOf('/') + 1, text.indexOf('='))))
    .map((text) => `--template-path ${text}: the input has no object of this kind`);
  if (selected === 0 && others > 0)
    lines.push(`0 of ${others} workloads in the input are selected: check --kind and -l`);
  return lines;
}

function requireAll(
  absent: readonly string[],
  notInjected: readonly string[],
  counts: { readonly selected: number; readonly notInjected: number },
): void {
  if (counts.notInjected > 0) {
    const more =
      counts.notInjected > notInjected.length ? [`  and ${counts.notInjected - notInjected.length} more`] : [];
    throw codedError(
      'NOT_INJECTED',
      [`${counts.notInjected} of ${counts.selected} workloads would not be injected`, ...notInjected, ...more].join(
        '\n',
      ),
      {
        where: '--require-injection',
      },
    );
  }
  const [first = counts.selected === 0 ? 'the input has no workload' : undefined] = absent;
  if (first !== undefined)
    throw codedError('NOT_INJECTED', first, {
      where: '--require-injection',
      hint: 'Check the files and the flags that select; nothing was written.',
    });
}
