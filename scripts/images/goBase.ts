import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../../src/errors.ts';
import { capture, contained, run } from '../cluster/command.ts';
import {
  baseImage,
  buildahEnvironment,
  contentArgument,
  ensureBaseImage,
  imageId,
  unlessBuilt,
} from '../cluster/images.ts';
import { cacheHome } from '../cluster/paths.ts';
import { step, type Progress } from '../cluster/progress.ts';
import { checkGo } from '../cluster/requirements.ts';
import { root } from './root.ts';

/** Where Go is, as in the official image that the agent's Dockerfile names. */
const dockerfile =
  'FROM BASE\nADD go.tar /usr/local/go/\nENV GOPATH=/go PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n';

/** What no build needs. */
const leftOut = ['./test', './doc', './api', './misc', './src/*/testdata', './src/*_test.go'];

/**
 * The version of Go in the Dockerfile of the agent: that of its argument GO, `docker.io/library/golang:1.26.11-trixie`.
 */
export async function agentGoVersion(): Promise<string> {
  const text = await readFile(join(root, 'agent', 'Dockerfile'), 'utf8');
  const [, version] = /^ARG GO=\S+:([\d.]+)-\w+$/m.exec(text) ?? [];
  if (version === undefined) throw new Error('agent/Dockerfile names no version of Go');
  return version;
}

/**
 * Makes Debian trixie with Go in buildah's local store, unless it is there: there may be no registry within reach. Go
 * is that of this machine, if it is of this version, else Go's own module golang.org/toolchain, which `go` fetches and
 * checks.
 * @returns its full name, which is our own
 * @throws REQUIREMENT_MISSING, one line, when neither is to be had; CLUSTER_FAILED with buildah's last lines.
 */
export async function ensureGoBaseImage(progress: Progress): Promise<string> {
  const version = await agentGoVersion();
  const name = `localhost/packet-capture/golang:${version}-trixie`;
  await ensureBaseImage(progress);
  const base = (await imageId(baseImage)) ?? '';
  const content = createHash('sha256')
    .update(JSON.stringify([base, version, process.arch, dockerfile, leftOut]))
    .digest('hex')
    .slice(0, 32);
  await unlessBuilt(name, content, progress, async () => {
    const goroot = await findGo(version, progress);
    const folder = await mkdtemp(join(cacheHome(), 'images', 'go-'));
    try {
      const exclude = leftOut.map((pattern) => `--exclude=${pattern}`);
      await run([
        'tar',
        '-C',
        goroot,
        '--dereference',
        '--owner=0',
        '--group=0',
        ...exclude,
        '-cf',
        join(folder, 'go.tar'),
        '.',
      ]);
      await writeFile(join(folder, 'Dockerfile'), dockerfile.replace('BASE', baseImage));
      const bud = ['buildah', 'bud', '--pull=never', ...contentArgument(content), '-t', name, folder];
      await step(progress, `making image ${name}`, () => run(contained(bud), { env: buildahEnvironment }));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
  return name;
}

/** The folder of this version of Go; `go` brings it when it is of another one itself. */
async function findGo(version: string, progress: Progress): Promise<string> {
  // The first that knows of golang.org/toolchain.
  await checkGo('1.21');
  const env = { GOTOOLCHAIN: `go${version}`, GOWORK: 'off' };
  const { exitCode, stdout, stderr } = await step(progress, `looking for Go ${version}`, () =>
    capture(['go', 'env', 'GOROOT'], { env, cwd: root }),
  );
  if (exitCode === 0) return stdout.trim();
  throw codedError(
    'REQUIREMENT_MISSING',
    `needs Go ${version}, which \`go\` could not fetch: ${stderr.trim().split('\n').at(-1) ?? ''}`,
  );
}
