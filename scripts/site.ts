import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';

/** Builds the site of docs/, or shows one that is built. */
const root = join(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { output: { type: 'string', default: join(root, 'dist/site') }, port: { type: 'string', default: '8080' } },
});
const words =
  positionals[0] === 'serve'
    ? ['serve', 'docs', '--port', values.port]
    : ['build', 'docs', '--outDir', resolve(values.output)];
// esbuild-wasm never ends writing into a standard error that is a file: it gets a pipe.
const { exitCode } = await execa(process.execPath, [join(root, 'node_modules/vitepress/bin/vitepress.js'), ...words], {
  cwd: root,
  stdout: 'inherit',
  stderr: ['pipe', process.stderr],
  reject: false,
});
process.exitCode = exitCode ?? 1;
