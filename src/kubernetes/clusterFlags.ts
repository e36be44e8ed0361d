/** How a global flag of kubectl is written. */
type FlagKind = 'value' | 'list' | 'boolean';

/**
 * kubectl's global flags, as `kubectl options` lists them, without those for profiling: the cluster, the user, and how
 * kubectl reaches the cluster. `--namespace` is not among them, because its meaning differs between commands.
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

/** The name of a flag, as in {@link clusterFlagKinds}. */
export type ClusterFlagName = keyof typeof clusterFlagKinds;

type FlagValue<Kind extends FlagKind> = Kind extends 'list'
  ? readonly string[]
  : Kind extends 'boolean'
    ? boolean
    : string;

/** `as-group` becomes `asGroup`, as in commander. */
type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** The flags that were given, by their names in camel case. */
export type ClusterFlags = {
  readonly [Name in ClusterFlagName as CamelCase<Name>]?: FlagValue<(typeof clusterFlagKinds)[Name]> | undefined;
};

/** `asGroup` for `as-group`, as commander names the value of a flag. */
export function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether kubectl has this global flag. */
export function isClusterFlag(name: string): name is ClusterFlagName {
  return Object.hasOwn(clusterFlagKinds, name);
}

/** The values of a flag; an empty list when it was not given. A boolean flag has the value `true`. */
export function flagValues(flags: ClusterFlags, name: ClusterFlagName): readonly string[] {
  const value = (flags as Readonly<Record<string, unknown>>)[camelCase(name)];
  if (value === undefined || value === false) return [];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? (value as readonly string[]) : ['true'];
}

/** kubectl's flags among all flags of a command. */
export function clusterFlagsOf(flags: object): ClusterFlags {
  const given = flags as Readonly<Record<string, unknown>>;
  const keys = Object.keys(clusterFlagKinds).map(camelCase);
  return Object.fromEntries(keys.flatMap((key) => (given[key] === undefined ? [] : [[key, given[key]]])));
}
