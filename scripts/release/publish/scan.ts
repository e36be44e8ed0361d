import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../../../src/errors.ts';
import { capture } from '../../cluster/command.ts';
import { root } from '../../images/root.ts';

/** Says of known vulnerabilities why they do not apply. @see https://github.com/openvex/spec */
export const vexFile = join(root, 'security', 'vex.openvex.json');

/** A known vulnerability of a part of an image. */
export interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly part: string;
  /** The version that has it no more, if there is one. */
  readonly fixedIn: string;
}

/**
 * Looks for known vulnerabilities in what an image is made of.
 * @param sbom path of the SPDX document
 * @returns those that the VEX file does not explain
 * @throws REQUIREMENT_MISSING without the database of vulnerabilities
 */
export async function scan(grype: string, sbom: string): Promise<Finding[]> {
  await access(vexFile);
  const { exitCode, stdout, stderr } = await capture(
    [grype, `sbom:${sbom}`, '--vex', vexFile, '--output', 'json', '--quiet'],
    { env: { GRYPE_CHECK_FOR_APP_UPDATE: 'false' } },
  );
  if (exitCode !== 0) {
    throw codedError('REQUIREMENT_MISSING', `grype could not look for vulnerabilities: ${stderr.trim()}`, {
      hint: 'It downloads its database; GRYPE_DB_UPDATE_URL names another place. --scan off publishes without a scan.',
    });
  }
  return findingsOf(stdout);
}

/** The findings in grype's JSON; what the VEX file explains is not among its matches. Pure. */
export function findingsOf(json: string): Finding[] {
  const { matches } = JSON.parse(json) as {
    readonly matches: ReadonlyArray<{
      readonly vulnerability: {
        readonly id: string;
        readonly severity?: string;
        readonly fix?: { readonly versions?: readonly string[] };
      };
      readonly artifact: { readonly name: string; readonly version: string };
    }>;
  };
  return matches.map(({ vulnerability, artifact }) => ({
    id: vulnerability.id,
    severity: vulnerability.severity ?? 'Unknown',
    part: `${artifact.name} ${artifact.version}`,
    fixedIn: vulnerability.fix?.versions?.join(', ') ?? '',
  }));
}

/** @throws VULNERABILITIES_FOUND, with a line for each, when there are findings */
export function refuseFindings(findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  const lines = findings.map(
    ({ id, severity, part, fixedIn }) =>
      `${id} (${severity}) in ${part}${fixedIn === '' ? '' : `, mended in ${fixedIn}`}`,
  );
  throw codedError('VULNERABILITIES_FOUND', `${findings.length} known vulnerabilities\n${lines.join('\n')}`);
}
