/** How a global flag of kubectl is written. */
type FlagKind = 'value' | 'list' | 'boolean';

/**
 * kubectl's own global flags, as `kubectl options` lists them, without those that profile kubectl itself: which cluster
 * is meant, as whom, and how kubectl talks to it. `--namespace` is not here: commands differ in what it means to them.
 */
export const clusterFlagKinds = {
  kubeconfig: 'value',
  context: 'value',
  cluster: 'value',
  user: 'value',
  server: 'value',
  'tls-server-name': 'value',
  'certificate-authority': 'value',
  'insecure-skip-tls-verify': 'boolean',
  'proxy-url': 'value',
  'client-certificate': 'value',
  'client-key': 'value',
  token: 'value',
  username: 'value',
  password: 'value',
  as: 'value',
  'as-group': 'list',
  'as-uid': 'value',
  'as-user-extra': 'list',
  'request-timeout': 'value',
  'cache-dir': 'value',
  'disable-compression': 'boolean',
  kuberc: 'value',
  'match-server-version': 'boolean',
  'warnings-as-errors': 'boolean',
  v: 'value',
  vmodule: 'value',
} as const satisfies Record<string, FlagKind>;

export type ClusterFlagName = keyof typeof clusterFlagKinds;

type FlagValue<Kind extends FlagKind> = Kind extends 'list'
  ? readonly string[]
  : Kind extends 'boolean'
    ? boolean
    : string;

/** `as-group` is `asGroup`, as commander has it. */
type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** The flags that were given, by their names in camel case. */
export type ClusterFlags = {
  readonly [Name in ClusterFlagName as CamelCase<Name>]?: FlagValue<(typeof clusterFlagKinds)[Name]> | undefined;
};

export function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function isClusterFlag(name: string): name is ClusterFlagName {
  return Object.hasOwn(clusterFlagKinds, name);
}

/** The values of a flag; none when it was not given. A boolean one is `true` or `false`. */
export function flagValues(flags: ClusterFlags, name: ClusterFlagName): readonly string[] {
  const value = (flags as Readonly<Record<string, unknown>>)[camelCase(name)];
  if (value === undefined || value === false) return [];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? (value as readonly string[]) : ['true'];
}

/** Picks kubectl's flags out of all flags of a command. */
export function clusterFlagsOf(flags: object): ClusterFlags {
  const given = flags as Readonly<Record<string, unknown>>;
  const keys = Object.keys(clusterFlagKinds).map(camelCase);
  return Object.fromEntries(keys.flatMap((key) => (given[key] === undefined ? [] : [[key, given[key]]])));
}
