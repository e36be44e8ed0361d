import { skipReasons, type SkipReason } from '../inject/index.ts';

/** One workload of a manifest and what became of it. */
export interface WorkloadReport {
  readonly file: string;
  /** 1-based line of the document in its file. */
  readonly line: number;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly result: 'injected' | 'removed' | 'skipped';
  readonly reason?: SkipReason | undefined;
}

/** Lines for people, one a workload, and a sum. */
export function formatReports(reports: readonly WorkloadReport[]): string[] {
  const lines = reports.map(({ file, line, kind, name, namespace, result, reason }) => {
    const workload = `${kind.toLowerCase()}/${name}${namespace === undefined ? '' : ` in ${namespace}`} (${file}:${line})`;
    return reason === undefined ? `${result} ${workload}` : `${result} ${workload}: ${reason}: ${skipReasons[reason]}`;
  });
  const count = (result: WorkloadReport['result']): number => reports.filter((report) => report.result === result).length;
  const done = count('injected') + count('removed');
  const verb = count('removed') > 0 ? 'removed' : 'injected';
  if (reports.length === 0) return ['no workload found: nothing to do'];
  return reports.length === 1 ? lines : [...lines, `${done} ${verb}, ${count('skipped')} skipped`];
}
