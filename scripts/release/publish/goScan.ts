import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../cluster/command.ts';
import { step, type Progress } from '../../cluster/progress.ts';
import type { GoVulnerabilities } from '../../cluster/tools.ts';
import { inTemporaryFolder } from '../../images/temporaryFolder.ts';
import { withImageFiles } from '../oci/buildahImage.ts';
import { architecturesOf, imageNames, releasedImages, type ReleasedImage } from '../oci/releaseImages.ts';
import { writeGoDatabase } from './goDatabase.ts';
import { vexFile, type Finding } from './scan.ts';

/** Where images have programs. */
const programFolders = ['usr/bin', 'usr/local/bin'];

/** In each program of Go, before what it was built from. */
const mark = Buffer.from('\xff Go buildinf:', 'latin1');

/**
 * Looks for known vulnerabilities in the Go programs of all images, as they are in the images: of the Go that they were
 * built with, and of every module in them. The database comes with a module of Go, which go.sum pins.
 * @returns how many programs there are, and those findings that the VEX file does not explain, each once
 * @throws CLUSTER_FAILED with govulncheck's last lines
 */
export async function scanGoPrograms(
  { govulncheck, module }: GoVulnerabilities,
  progress: Progress,
): Promise<{ readonly programs: number; readonly findings: readonly Finding[] }> {
  const vex = await readFile(vexFile, 'utf8');
  return inTemporaryFolder(async (folder) => {
    await writeGoDatabase(module, folder);
    const findings = new Map<string, Finding>();
    let programs = 0;
    for (const name of imageNames)
      for (const architecture of architecturesOf(name)) {
        const { build }: ReleasedImage = releasedImages[name];
        const image = await build(progress, architecture);
        await step(progress, `looking for vulnerabilities in the Go programs of ${name} for ${architecture}`, () =>
          withImageFiles(image, async (root) => {
            for (const program of await goPrograms(root)) {
              programs += 1;
              const argv = [
                '-db',
                `file://${folder}`,
                '-mode',
                'binary',
                '-scan',
                'module',
                '-format',
                'json',
                program,
              ];
              for (const finding of unexplained((await run([govulncheck, ...argv])).stdout, vex))
                findings.set(`${finding.id} ${finding.part}`, finding);
            }
          }),
        );
      }
    return { programs, findings: [...findings.values()] };
  });
}

/** The programs of Go in the files of an image. */
async function goPrograms(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of programFolders) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(root, folder, entry.name);
      if (entry.isFile() && (await readFile(path)).includes(mark)) found.push(path);
    }
  }
  return found;
}

interface Message {
  readonly osv?: { readonly id: string; readonly aliases?: readonly string[] };
  readonly finding?: {
    readonly osv: string;
    readonly fixed_version?: string;
    readonly trace: ReadonlyArray<{ readonly module: string; readonly version?: string }>;
  };
}

interface Statement {
  readonly vulnerability: { readonly name: string };
  readonly products?: ReadonlyArray<{ readonly subcomponents?: ReadonlyArray<{ readonly '@id': string }> }>;
  readonly status: string;
}

/**
 * The findings that govulncheck prints, without those of which a statement says that they do not apply: by Go's name or
 * that of a CVE, for the module `pkg:golang/MODULE`. Pure.
 * @param json one object after the other
 * @param vex text of the VEX file
 */
export function unexplained(json: string, vex: string): Finding[] {
  const messages = json
    .split(/\n(?=\{\n)/)
    .filter((text) => text.trim() !== '')
    .map((text) => JSON.parse(text) as Message);
  const aliases = new Map(
    messages.flatMap(({ osv }) => (osv === undefined ? [] : [[osv.id, osv.aliases ?? []] as const])),
  );
  const { statements } = JSON.parse(vex) as { readonly statements: readonly Statement[] };
  return messages.flatMap(({ finding }) => {
    if (finding === undefined) return [];
    const [{ module, version = '' } = { module: '' }] = finding.trace;
    const names = [finding.osv, ...(aliases.get(finding.osv) ?? [])];
    const explained = statements.some(
      ({ status, vulnerability, products = [] }) =>
        ['not_affected', 'fixed'].includes(status) &&
        names.includes(vulnerability.name) &&
        products.some(({ subcomponents = [] }) => subcomponents.some((part) => part['@id'] === `pkg:golang/${module}`)),
    );
    const found = {
      id: finding.osv,
      severity: 'Unknown',
      part: `${module} ${version}`,
      fixedIn: finding.fixed_version ?? '',
    };
    return explained ? [] : [found];
  });
}
