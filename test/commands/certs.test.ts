import { execFile } from 'node:child_process';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  makeMaterial,
  materialOfValues,
  type CertificateMaterial,
  type Randomness,
} from '../../src/certificates/index.ts';
import { addDays } from '../../src/certificates/lifetimes.ts';
import { folderWrites, readFolder, writeFolder } from '../../src/cli/commands/certs/certsFolder.ts';
import { inspectCertificates, type InspectFlags } from '../../src/cli/commands/certs/certsInspect.ts';
import { newCertificates, type NewFlags } from '../../src/cli/commands/certs/certsNew.ts';
import { formatValues, type CertsConsole } from '../../src/cli/commands/certs/certsOutput.ts';
import { rotateCertificates } from '../../src/cli/commands/certs/certsRotate.ts';
import { dnsNames, makeGenerations, namespace, service, withNewSerials } from '../support/certificates/generation.ts';

// In whole seconds, like the times in certificates.
const now = new Date(Math.floor(Date.now() / 1000) * 1000);
const names = { service, namespace };
let top: string;
let randomness: Randomness;
let material: CertificateMaterial;
let folder: string;

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'certificates-'));
  [randomness] = await makeGenerations();
  material = makeMaterial({ dnsNames, now }, randomness);
  folder = join(top, 'made');
  await writeFolder(folder, folderWrites(material));
});

afterAll(async () => rm(top, { recursive: true }));

interface Heard extends CertsConsole {
  readonly printed: string[];
  readonly reported: string[];
}

function listen(at = now): Heard {
  const printed: string[] = [];
  const reported: string[] = [];
  return {
    now: at,
    printed,
    reported,
    print: (lines) => void printed.push(lines.join('\n')),
    printData: (text) => void printed.push(text),
    printJson: (value) => void printed.push(JSON.stringify(value, undefined, 2)),
    report: (line) => void reported.push(line),
  };
}

async function inspected(paths: readonly string[], flags: InspectFlags = {}, at = now): Promise<[boolean, string]> {
  const heard = listen(at);
  const good = await inspectCertificates(paths, flags, heard);
  return [good, heard.printed.join('\n')];
}

describe('the command line', () => {
  const program = `
    import { Command } from 'commander';
    import { addCerts } from '${new URL('../../src/cli/commands/certs.ts', import.meta.url).pathname}';
    for (const line of process.argv.slice(1)) {
      const program = new Command('packet-capture');
      addCerts(program);
      await program.parseAsync(['certs', ...line.split(' ')], { from: 'user' });
    }`;

  /** Runs the lines in turn with umask 0, so that the files have exactly the modes that the program asked for. */
  async function run(...lines: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const node = [process.execPath, '--input-type=module', '--eval', program, '--', ...lines];
    return promisify(execFile)('sh', ['-c', 'umask 0; exec "$@"', 'sh', ...node]).then(
      (done) => ({ code: 0, ...done }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }

  test('new writes files that only their owner can read; inspect ends with 1 for another service', async () => {
    const out = join(top, 'a', 'b');
    const { code, stdout, stderr } = await run(
      `new --service ${service} -n ${namespace} --out ${out}`,
      `inspect ${out} --service web -n ${namespace}`,
    );
    expect(stderr).toMatch(
      /- packet-capture\.tools\.svc\n.*a\/b: ca\.crt, tls\.crt, tls\.key\nIt expires on 20\d\d-\d\d-\d\d, its CA on 20\d\d-/s,
    );
    expect(stderr).not.toContain('BEGIN');
    // The first text on standard output is from inspect.
    expect(stdout).toMatch(/^ca .*\nerror +CN=packet-capture: .*web\.tools\.svc is not among .* \(san_mismatch\)/s);
    expect(code).toBe(1);
    const files = await Promise.all(
      (await readdir(out))
        .toSorted()
        .map(async (file) => [file, ((await stat(join(out, file))).mode & 0o777).toString(8)]),
    );
    expect(files).toStrictEqual([
      ['ca.crt', '644'],
      ['tls.crt', '644'],
      ['tls.key', '600'],
    ]);
    expect(((await stat(out)).mode & 0o777).toString(8)).toBe('700');
    const bits = (key: { asymmetricKeyDetails?: { modulusLength?: number } }): number | undefined =>
      key.asymmetricKeyDetails?.modulusLength;
    expect(bits(new X509Certificate(await readFile(join(out, 'ca.crt'))).publicKey)).toBe(3072);
    expect(bits(createPrivateKey(await readFile(join(out, 'tls.key'))))).toBe(2048);
  });
});

describe('new', () => {
  test.each<[string, Partial<NewFlags>, string]>([
    ['says nowhere where to put the key', {}, 'USAGE'],
    ['would replace files', { out: 'made' }, 'FILE_EXISTS'],
    ['has a lifetime of nought', { output: 'json', days: '0' }, 'USAGE'],
    ['has a lifetime beyond that of the CA', { output: 'json', days: '3651' }, 'USAGE'],
    ['has no lifetime in days', { output: 'json', days: '1y' }, 'USAGE'],
    ['has a CA without its key', { output: 'json', caCert: 'made/ca.crt' }, 'USAGE'],
    ['has a CA that is not there', { output: 'json', caCert: 'none', caKey: 'none' }, 'FILE_UNREADABLE'],
    ['has a name that Kubernetes would not take', { output: 'json', service: 'a_b' }, 'USAGE'],
  ])('refuses a request that %s, and writes nothing', async (_, flags, code) => {
    const heard = listen();
    const paths = Object.fromEntries(
      ['out', 'caCert', 'caKey']
        .filter((key) => key in flags)
        .map((key) => [key, join(top, flags[key as 'out'] ?? '')]),
    );
    await expect(newCertificates({ ...names, ...flags, ...paths }, heard)).rejects.toMatchObject({ code });
    expect(heard.printed).toStrictEqual([]);
    await expect(readFolder(folder)).resolves.toStrictEqual(material);
  });

  test("signs with the user's CA, replaces files only with --force, and warns if the CA is another one", async () => {
    const out = join(top, 'own');
    await writeFile(join(top, 'own-ca.key'), randomness.caKey, { mode: 0o600 });
    const flags = {
      ...names,
      out,
      days: '90',
      caCert: join(folder, 'ca.crt'),
      caKey: join(top, 'own-ca.key'),
      output: 'yaml',
    } as const;
    await writeFolder(out, folderWrites(material));
    const heard = listen();
    await newCertificates({ ...flags, force: true }, heard);
    const made = await readFolder(out);
    expect(made.key).not.toBe(material.key);
    expect(made.caBundle).toBe(material.caBundle);
    expect(materialOfValues(load(heard.printed.join('\n')))).toStrictEqual(made);
    expect(heard.reported.join('\n')).not.toMatch(/BEGIN|private key was not kept|another than before/);
    await expect(inspected([out], names)).resolves.toStrictEqual([true, expect.stringMatching(/\(90 days\).*good$/s)]);
    await expect(readdir(out)).resolves.toHaveLength(3);
    const later = listen();
    await writeFile(join(out, 'ca.crt'), makeMaterial({ dnsNames, now }, withNewSerials(randomness)).caBundle);
    await newCertificates({ ...flags, force: true }, later);
    expect(later.reported.join('\n')).toMatch(/The CA has changed/);
  });

  test('prints the same values as JSON and as YAML', async () => {
    const [json, yaml] = await Promise.all([formatValues(material, 'json'), formatValues(material, 'yaml')]);
    expect(JSON.parse(json)).toStrictEqual(load(yaml));
    expect(yaml).toMatch(/^certs:\n {2}mode: baked\n {2}caBundle: \|\n {4}-----BEGIN CERTIFICATE-----\n/);
  });
});

describe('inspect', () => {
  test('recognizes single files by their content, in any order', async () => {
    const file = (name: string): string => join(folder, name);
    await expect(inspected([file('tls.key'), file('tls.crt'), file('ca.crt')], names)).resolves.toStrictEqual([
      true,
      expect.stringMatching(/^ca .*\nserving .*good$/s),
    ]);
    await expect(inspected([file('tls.crt')], { ...names, output: 'json' })).resolves.toStrictEqual([
      true,
      expect.stringContaining('"role": "serving"'),
    ]);
    await expect(inspected([file('tls.crt'), file('tls.crt')])).rejects.toMatchObject({ code: 'USAGE' });
    await writeFile(join(top, 'empty'), 'no PEM\n');
    await expect(inspected([join(top, 'empty')])).rejects.toMatchObject({
      code: 'CERTIFICATE_INVALID',
      where: join(top, 'empty'),
    });
    await expect(inspected([folder], { service })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('ends with 1 for a folder that is incomplete or has an expired certificate', async () => {
    const part = join(top, 'part');
    await writeFolder(
      part,
      folderWrites(material).filter(({ file }) => file !== 'tls.key'),
    );
    await expect(inspected([part])).resolves.toStrictEqual([
      false,
      expect.stringMatching(/\nerror +key: .* \(key_missing\)/),
    ]);
    await expect(inspected([folder], {}, addDays(now, 715))).resolves.toStrictEqual([
      false,
      expect.stringMatching(/\(15 days\).*\nwarning +CN=packet-capture: .* \(expires_soon\)/s),
    ]);
  });
});

test('rotate takes one step at a time, prints the next step, and ends with only the new CA', async () => {
  const rotated = join(top, 'rotated');
  await writeFolder(rotated, folderWrites(material));
  const steps: string[] = [];
  for (const step of ['trust-both', 'serve-new', 'drop-old']) {
    const heard = listen();
    await rotateCertificates(rotated, { output: 'json' }, heard);
    steps.push(heard.reported.join('\n'));
    expect(heard.reported[0]).toContain(step);
    expect(materialOfValues(JSON.parse(heard.printed.join('')))).toStrictEqual(await readFolder(rotated));
    await expect(inspected([rotated], names)).resolves.toStrictEqual([true, expect.stringMatching(/good$/)]);
  }
  expect(
    steps.map((text) => /then, (a minute|five minutes) after|rotation is (complete)/.exec(text)?.slice(1).join('')),
  ).toStrictEqual(['a minute', 'five minutes', 'complete']);
  const after = await readFolder(rotated);
  expect(after.caBundle).not.toContain(material.caBundle);
  expect(after.caBundle?.match(/BEGIN/g)).toHaveLength(1);
  expect(after.key).not.toBe(material.key);
  await rm(join(rotated, 'tls.key'));
  await expect(rotateCertificates(rotated, {}, listen())).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    where: join(rotated, 'tls.key'),
  });
});
