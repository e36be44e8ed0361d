import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, serve } from 'vitepress';

/** Builds the site of docs/, or shows one that is built. */
const root = join(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { output: { type: 'string', default: join(root, 'dist/site') }, port: { type: 'string', default: '8080' } },
});
const outDir = resolve(values.output);
if (positionals[0] === 'serve') await serve({ root: join(root, 'docs'), port: Number(values.port) });
else await build(join(root, 'docs'), { outDir });
