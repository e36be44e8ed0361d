import type { HelmVersion } from './helmVersion.ts';

/**
 * How helm waits for what it has changed. Helm 4 has two ways: `watcher` needs the right to list and watch the kinds of
 * the chart, `legacy` only to get and list them, as Helm 3 does (helm:pkg/kube/client.go).
 */
export type WaitStrategy = 'watcher' | 'legacy';

/** The flags of this helm version that make it wait until everything is ready. */
export function waitFlags({ major }: HelmVersion, strategy: WaitStrategy, timeoutSeconds: number): string[] {
  return [major >= 4 ? `--wait=${strategy}` : '--wait', `--timeout=${timeoutSeconds}s`];
}

/** Values as the user gave them: files and `--set` in helm's syntax. */
export interface GivenValues {
  /** Paths, or `-` for {@link stdin}. */
  readonly files: readonly string[];
  readonly set: readonly string[];
  readonly setString: readonly string[];
  /** The content of standard input, when a file is `-`. */
  readonly stdin?: string | undefined;
}

/** The flags that pass the values on to helm. Files come first, as in helm, so that `--set` wins over them. */
export function givenFlags({ files, set, setString }: GivenValues): string[] {
  return [
    ...files.map((file) => `--values=${file}`),
    ...set.map((pair) => `--set=${pair}`),
    ...setString.map((pair) => `--set-string=${pair}`),
  ];
}
