import { allowedKeys, allowedLists, type AllowedKey, type AllowedList } from './allowedLists.ts';
import { bounds } from './bounds.ts';
import type { Platform } from './platform.ts';
import type { SettingName } from './table.ts';

const everything = '*';

/** Why annotations may not change the setting; undefined when they may, or when the value is that of the release. */
export function lockProblem(
  name: SettingName,
  value: string,
  { allowedSettings, defaults }: Platform,
): string | undefined {
  if (
    value === defaults[name] ||
    allowedSettings === undefined ||
    [name, everything].some((item) => allowedSettings.includes(item))
  )
    return undefined;
  return `must stay as the release has it: annotations may change ${textOf(allowedSettings, 'no setting')}`;
}

/** Why packets may not be sent to the value's destination; undefined when they may. @param value valid */
export function destinationProblem(name: SettingName, value: string, platform: Platform): string | undefined {
  const key = allowedKeys.find((one) => listOf(one).setting === name);
  const [allowed, allows] = key === undefined ? [] : [platform[key], matching[name]];
  if (allowed === undefined || allows === undefined || value === platform.defaults[name]) return undefined;
  if (allowed.includes(everything) || allows(allowed, value)) return undefined;
  return `must be a destination that the release allows: ${textOf(allowed, 'there is none')}`;
}

function listOf(key: AllowedKey): AllowedList {
  return allowedLists[key];
}

/** Whether one of the patterns matches the value, by destination. */
const matching: Partial<Record<SettingName, (patterns: readonly string[], value: string) => boolean>> = {
  stream: allowsEndpoint,
  mirror: allowsMirror,
  upload: allowsUpload,
};

function textOf(list: readonly string[], none: string): string {
  return list.length === 0 ? none : list.join(', ');
}

/**
 * A pattern is HOST:PORT. HOST may be `*`, or begin with `*.` for the names below a domain; PORT may be `*`. Upper and
 * lower case are the same. Must agree with agent/internal/settings/allowed.go.
 */
function allowsEndpoint(patterns: readonly string[], value: string): boolean {
  const [host, port] = partsOf(value);
  return patterns.some((pattern) => {
    const [wantedHost, wantedPort] = partsOf(pattern);
    return (wantedPort === everything || wantedPort === port) && matchesHost(wantedHost, host);
  });
}

function matchesHost(pattern: string, host: string): boolean {
  if (pattern === everything) return true;
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length >= pattern.length : pattern === host;
}

/** Patterns are written as those of a stream. */
function allowsMirror(patterns: readonly string[], value: string): boolean {
  const [, endpoint = ''] = /^vxlan:\/\/([^?]*)/.exec(value) ?? [];
  return allowsEndpoint(
    patterns,
    /:\d+$/.test(endpoint.replace(/^\[.*\]/, '')) ? endpoint : `${endpoint}:${bounds.defaultMirrorPort}`,
  );
}

function partsOf(endpoint: string): readonly [host: string, port: string] {
  const colon = endpoint.lastIndexOf(':');
  return [
    endpoint
      .slice(0, Math.max(colon, 0))
      .replaceAll(/^\[|\]$/g, '')
      .toLowerCase(),
    endpoint.slice(colon + 1),
  ];
}

/** A pattern is REMOTE:PATH. `*` at its end, after `:` or `/`, matches any rest without the parts `.` and `..`. */
function allowsUpload(patterns: readonly string[], value: string): boolean {
  return patterns.some((pattern) => {
    if (pattern === value) return true;
    if (!/[:/]\*$/.test(pattern)) return false;
    const folder = pattern.slice(0, -1);
    return (
      value.startsWith(folder) &&
      !value
        .slice(folder.length)
        .split('/')
        .some((part) => part === '.' || part === '..')
    );
  });
}
