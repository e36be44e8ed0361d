import type { Argument, Option } from 'commander';

/** A word that may be typed next. */
export interface Candidate {
  readonly value: string;
  /** What it means; empty when there is nothing to say. */
  readonly text: string;
}

/** A list that kubectl can give: entries of its configuration, or objects of the cluster. */
export type ClusterList =
  | { readonly of: 'contexts' | 'clusters' | 'users' | 'namespaces' | 'pods' | 'pods of all namespaces' }
  | { readonly of: 'workloads'; readonly types: readonly string[] };

/** What may be typed next. */
export interface Wanted {
  readonly candidates: readonly Candidate[];
  readonly files: 'none' | 'folders' | 'all';
  /** The lists to ask for. */
  readonly lists: readonly ClusterList[];
}

/** Nothing but these candidates. */
export function only(candidates: readonly Candidate[]): Wanted {
  return { candidates, files: 'none', lists: [] };
}

/** What kubectl's configuration lists for its flags. */
const ofConfiguration: Readonly<Record<string, ClusterList>> = {
  '--context': { of: 'contexts' },
  '--cluster': { of: 'clusters' },
  '--user': { of: 'users' },
};

/** The values of a flag: its choices, its default, and what its placeholder and its help text name. */
export function valuesOfOption({ flags, long, argChoices = [], description, ...option }: Option): Wanted {
  const [, placeholder = ''] = /[<[]([^>\]]+)[>\]]/.exec(flags) ?? [];
  const list = ofConfiguration[long ?? ''];
  if (list !== undefined) return { ...only([]), lists: [list] };
  const { files, lists, candidates } = valuesOf(placeholder, description);
  // Some of kubectl's flags that have no help are files, too.
  if (placeholder === 'VALUE') return { ...only([]), files: 'all' };
  if (files !== 'none') {
    // The text also has values that are a path, as `-` is; a shell completes no path next to a candidate.
    const words = wordsOf(placeholder);
    return { files, lists, candidates: candidates.filter(({ value }) => words.includes(value)) };
  }
  const byDefault = typeof option.defaultValue === 'string' ? option.defaultValue : defaultIn(description);
  const texts = meanings(description);
  const values = [
    ...argChoices,
    ...candidates.map(({ value }) => value),
    ...(byDefault === undefined ? [] : [byDefault]),
  ];
  return {
    files,
    lists,
    candidates: [...new Set(values)].map((value) => ({
      value,
      text: texts.get(value) ?? (value === byDefault ? 'default' : ''),
    })),
  };
}

/** The values of an argument, by its name, which is a placeholder. */
export function valuesOfArgument(argument: Argument): Wanted {
  return valuesOf(argument.name(), argument.description);
}

/** Types that have a pod template which may be changed. */
const templateTypes = ['deployments', 'statefulsets', 'daemonsets', 'cronjobs'];

/** Words of a placeholder in lower case are values; those in upper case say what is wanted. */
function valuesOf(placeholder: string, text: string): Wanted {
  const words = wordsOf(placeholder);
  const types = [
    ...templateTypes,
    ...(words.includes('POD') ? ['jobs'] : []),
    ...(/\bService\b/.test(text) ? ['services'] : []),
  ];
  const known: Readonly<Record<string, ClusterList>> = {
    NAMESPACE: { of: 'namespaces' },
    POD: { of: 'pods' },
    'TYPE/NAME': { of: 'workloads', types },
    'NAMESPACE/POD': { of: 'pods of all namespaces' },
  };
  const texts = meanings(text);
  const values = new Set([...words.filter((word) => /^[a-z]+$/.test(word)), ...texts.keys()]);
  return {
    candidates: [...values].map((value) => ({ value, text: texts.get(value) ?? '' })),
    files: words.includes('FILE') ? 'all' : words.includes('DIR') ? 'folders' : 'none',
    lists: words.flatMap((word) => known[word] ?? []),
  };
}

/** `FILE` and `json` of `FILE|json`. */
function wordsOf(placeholder: string): string[] {
  return placeholder.replace(/\.\.\.$/, '').split('|');
}

/** `json: for programs; yaml: the manifests`: values in help texts, with their meanings. */
function meanings(text: string): Map<string, string> {
  const plain = text.replaceAll(/ \([^)]*\)/g, '');
  return new Map(
    [...plain.matchAll(/(?:^|; )([^\s;:-][^\s;:]*): ([^;]+)/g)].map(([, value = '', meaning = '']) => [value, meaning]),
  );
}

/** `(default 16Mi)` at the end of a help text. */
function defaultIn(text: string): string | undefined {
  return / \(default ([^\s:)]+)\)$/.exec(text)?.[1];
}
