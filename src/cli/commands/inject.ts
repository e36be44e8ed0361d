import { Option, type Command } from 'commander';
import { codedError, type CodedError } from '../../errors.ts';
import { addFunctionFlags, withFunctionFlags, type FunctionFlags } from '../flags/functionFlags.ts';
import { addInjectFlags, injectOptions, type InjectFlags } from '../flags/injectFlags.ts';
import { addManifestFlags, type ManifestFlags } from '../flags/manifestFlags.ts';
import { imageProblem } from '../flags/sidecarFlags.ts';
import { sayWarning } from '../io/output.ts';
import type { Editor } from '../shared/manifestEdit.ts';

interface Flags extends ManifestFlags, InjectFlags, FunctionFlags {
  readonly output?: 'yaml' | 'json' | 'patch';
}

/** `inject -f`: way 1, adds the sidecar to manifests. */
export function addInject(program: Command): void {
  const command = program
    .command('inject')
    .description('add the sidecar to the workloads of manifests; no other byte changes')
    .addOption(
      new Option(
        '-o, --output <FORMAT>',
        'yaml: the manifests; json: the same as JSON; patch: a kustomize Component with a patch for each workload',
      ).choices(['yaml', 'json', 'patch']),
    );
  addInjectFlags(addFunctionFlags(addManifestFlags(command))).action(async (flags: Flags) => {
    if (flags.inPlace === true && flags.output !== undefined && flags.output !== 'yaml') {
      throw codedError('USAGE', `--in-place and -o ${flags.output} exclude each other`, { where: '--in-place' });
    }
    const { editManifests } = await import('../shared/manifestEdit.ts');
    const { podSecurityOf } = await import('../shared/filesPodSecurity.ts');
    const { createSelectionCheck } = await import('../shared/selectionCheck.ts');
    let unnamed: CodedError | undefined;
    await editManifests(flags, async (inputs) => {
      const allFlags = await withFunctionFlags(flags, inputs);
      const options = await injectOptions(allFlags);
      const podSecurityByNamespace = await podSecurityOf(inputs);
      const editor = await editorFor(flags.output, { ...options, podSecurityByNamespace });
      const problem = imageProblem(options.config);
      const edit: Editor['edit'] = (part) => {
        const edited = editor.edit(part);
        if (edited.reports.some(({ result }) => result === 'injected')) unnamed = problem;
        return edited;
      };
      return { ...editor, edit, check: createSelectionCheck(allFlags) };
    });
    // Not an error: a later step, such as kustomize's `images`, may set the image.
    if (unnamed !== undefined) sayWarning(unnamed);
  });
}

async function editorFor(
  output: Flags['output'],
  options: Awaited<ReturnType<typeof injectOptions>>,
): Promise<Omit<Editor, 'check'>> {
  const { createJsonList, createKustomizePatches, injectManifest, patchManifest } =
    await import('../../ways/manifest/index.ts');
  if (output === 'patch') {
    const patches = createKustomizePatches();
    return {
      edit({ text, ...part }) {
        const result = patchManifest(text, { ...options, ...part });
        return { ...result, text: patches.add(result.patches) };
      },
      end: () => patches.end(),
    };
  }
  if (output === 'json') {
    const list = createJsonList();
    return {
      edit({ text, ...part }) {
        const result = injectManifest(text, { ...options, ...part });
        return { ...result, text: list.add({ ...part, text: result.text }) };
      },
      end: () => list.end(),
    };
  }
  return { edit: ({ text, ...part }) => injectManifest(text, { ...options, ...part }) };
}
