import { codedError } from '../../errors.ts';
import { brokenHelms, oldestHelm } from '../../minimums.ts';

/** The version of a helm, without its suffix. */
export interface HelmVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Reads what `helm version --template '{{.Version}}'` prints: `v4.2.4`, `v3.21.4+g1234567`. */
export function parseHelmVersion(text: string): HelmVersion | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text.trim());
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

/** The version for messages: `3.19.0`. */
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
  const name = `helm ${formatHelmVersion(version)}`;
  if (isOlder(version, parseHelmVersion(oldestHelm) ?? version)) throw refuse(`${name} is older than ${oldestHelm}`);
  if (version.major > 4) throw refuse(`${name} is too new: this program supports 3 and 4`);
  if (brokenHelms.includes(formatHelmVersion(version))) throw refuse(`${name} hangs on hooks`);
  return version;
}

function isOlder(a: HelmVersion, b: HelmVersion): boolean {
  const parts = (['major', 'minor', 'patch'] as const).map((part) => a[part] - b[part]);
  return (parts.find((difference) => difference !== 0) ?? 0) < 0;
}
