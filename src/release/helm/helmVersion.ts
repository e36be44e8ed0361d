import { codedError } from '../../errors.ts';

export interface HelmVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** The first version with `--reset-then-reuse-values`, which the installer needs. */
const oldest: HelmVersion = { major: 3, minor: 14, patch: 0 };

/**
 * Versions that hang on hooks that are deleted before they are created again, such as ours (helm/helm#32214, #32224).
 */
const broken: readonly HelmVersion[] = [{ major: 4, minor: 2, patch: 1 }];

/** Reads what `helm version --template '{{.Version}}'` prints: `v4.2.4`, `v3.21.4+g1234567`. */
export function parseHelmVersion(text: string): HelmVersion | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text.trim());
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

export function formatHelmVersion({ major, minor, patch }: HelmVersion): string {
  return `${major}.${minor}.${patch}`;
}

/**
 * The version, if this helm can be used.
 * @throws HELM_UNSUPPORTED
 */
export function checkHelmVersion(text: string, program: string): HelmVersion {
  const version = parseHelmVersion(text);
  const refuse = (what: string): Error => codedError('HELM_UNSUPPORTED', what, { where: program });
  if (version === undefined) throw refuse(`"${text.trim().slice(0, 60)}" is not a version of helm`);
  if (isOlder(version, oldest))
    throw refuse(`helm ${formatHelmVersion(version)} is older than ${formatHelmVersion(oldest)}`);
  if (version.major > 4) throw refuse(`helm ${formatHelmVersion(version)} is too new: this program supports 3 and 4`);
  if (broken.some((bad) => formatHelmVersion(bad) === formatHelmVersion(version))) {
    throw refuse(`helm ${formatHelmVersion(version)} hangs on hooks`);
  }
  return version;
}

function isOlder(a: HelmVersion, b: HelmVersion): boolean {
  const parts = (['major', 'minor', 'patch'] as const).map((part) => a[part] - b[part]);
  return (parts.find((difference) => difference !== 0) ?? 0) < 0;
}
