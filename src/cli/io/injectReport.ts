import { leftOutReasons, olderText } from '../../inject/index.ts';
import { plainText } from '../../plainText.ts';
import { manifestSkipReasons, type ManifestReport, type OtherWorkload } from '../../ways/manifest/index.ts';
import { say, sayAll } from './output.ts';
import type { Spool } from './spool.ts';

/** The results for the workloads of manifests, for people: one line each, and a sum. */
export interface WorkloadReport {
  /** @param file as the user named it */
  add(
    file: string,
    seen: { readonly reports: readonly ManifestReport[]; readonly others: readonly OtherWorkload[] },
  ): Promise<void>;
  /** Prints all of it on standard error. */
  print(): Promise<void>;
}

/** @param spool keeps the lines, because they are printed after the manifests */
export function createReport(spool: Spool): WorkloadReport {
  const lines = spool.text();
  const unproven = new Set<string>();
  const counts = { injected: 0, updated: 0, removed: 0, skipped: 0, others: 0 };
  return {
    async add(file, { reports, others }) {
      counts.others += others.length;
      for (const { result, schemaOf } of reports) {
        counts[result] += 1;
        if (schemaOf !== undefined) unproven.add(schemaOf);
      }
      if (reports.length > 0)
        await lines.add(reports.map((report) => `${plainText(reportLine(file, report))}\n`).join(''));
    },
    async print() {
      await sayAll(lines.read());
      const sum = sumLine(counts);
      if (sum !== undefined) say(sum);
      for (const kind of unproven) say(unprovenText(kind));
    },
  };
}

function unprovenText(kind: string): string {
  return `warning: ${kind}: if its schema drops "restartPolicy: Always" of init containers, the app never starts. Check that \`kubectl apply --dry-run=server -o yaml -f FILE\` prints it.`;
}

/** A workload and its place: `deployment/web in shop (app.yaml:12)`. */
export function workloadText(file: string, { line, kind, name, namespace, path }: ManifestReport): string {
  return `${kind.toLowerCase()}/${name}${namespace === undefined ? '' : ` in ${namespace}`} (${file}:${line}${path === undefined ? '' : `, ${path}`})`;
}

function reportLine(file: string, report: ManifestReport): string {
  const { result, reason, leftOut = [], older } = report;
  const words = [
    ...(reason === undefined ? [] : [`${reason}: ${manifestSkipReasons[reason]}`]),
    ...leftOut.map((what) => leftOutReasons[what]),
    ...(older === undefined ? [] : [olderText(older)]),
  ];
  return [`${result} ${workloadText(file, report)}`, ...(words.length === 0 ? [] : [words.join('; ')])].join(': ');
}

/** Undefined for a single workload, because its line is enough. */
function sumLine({
  injected,
  updated,
  removed,
  skipped,
  others,
}: Readonly<Record<ManifestReport['result'] | 'others', number>>): string | undefined {
  const workloads = injected + updated + removed + skipped;
  if (workloads === 0 && others === 0) return 'no workload found: nothing to do';
  if (workloads === 1 && others === 0) return undefined;
  const rest = others === 0 ? '' : `, ${others} not selected`;
  return `${injected + removed} ${removed > 0 ? 'removed' : 'injected'}${updated > 0 ? `, ${updated} updated` : ''}, ${skipped} skipped${rest}`;
}
