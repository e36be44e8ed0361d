import { parseDuration } from '../duration.ts';
import { parseQuantity, shortestQuantity } from '../quantity.ts';
import { destinationProblem, lockProblem } from './allowed.ts';
import { bounds, headersOnly } from './bounds.ts';
import { keepProblem } from './keepSetting.ts';
import { endpointPattern, mirrorPattern, remotePattern } from './patterns.ts';
import type { Platform } from './platform.ts';
import { findSetting, type SettingType } from './table.ts';

/** Words for all interfaces. `any` is the word of tcpdump, and means the same as `all,lo`. */
const wholes: readonly string[] = ['all', 'any', 'all,lo', 'lo,all'];

/** The problem of a list of interface names; undefined without one. A capture begins only when all of them exist. */
function interfacesProblem(value: string): string | undefined {
  if (wholes.includes(value)) return undefined;
  const names = value.split(',');
  const problem = names.map(interfaceProblem).find((text) => text !== undefined);
  return problem ?? (new Set(names).size < names.length ? 'must name each interface once' : undefined);
}

/**
 * Linux: IFNAMSIZ is 16 with the final NUL; a name is not `.` or `..` (dev_valid_name in net/core/dev.c). The kernel
 * accepts nearly every character, but other ones are not used in practice: `eth0@if7` is how `ip` prints eth0. `tcpdump
 * -i` reads a number as an index, and a leading dash as a flag. The agent has the same rule: checkInterfaces in
 * agent/internal/settings/check.go.
 */
function interfaceProblem(name: string): string | undefined {
  if (/[*?[\]{}]/.test(name))
    return 'must be names, not patterns: all is every interface that is up but lo, any is lo too';
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return 'must be interface names, separated by commas, without spaces';
  if (name.length > 15) return 'must be interface names, of 15 characters at most';
  if (/^\d+$|^-|^\.\.?$/.test(name)) return `must be interface names: ${name} is none`;
  return /^(?:all|any)$/i.test(name) ? 'must be all, any or all,lo, in lower case, or names alone' : undefined;
}

const remote = new RegExp(`^${remotePattern}$`);
const endpoint = new RegExp(`^${endpointPattern('[1-9][0-9]{0,4}')}$`);
const mirror = new RegExp(`^${mirrorPattern('[1-9][0-9]{0,4}', '[1-9][0-9]{0,7}')}$`);

function bytesProblem(value: string, most = Infinity): string | undefined {
  const bytes = parseQuantity(value);
  if (bytes === undefined) return 'must be a quantity such as 16Mi or 64M';
  if (bytes < bounds.leastBytes) return 'must be at least 1Mi';
  return bytes > most ? `must be at most ${shortestQuantity(most)}` : undefined;
}

/** By type, a function that returns the problem of a value that is not empty, or undefined when it is valid. */
const checks: Readonly<Record<SettingType, (value: string, platform?: Platform) => string | undefined>> = {
  state: (value) => (value === 'running' || value === 'idle' ? undefined : 'must be running or idle'),
  text: (value) => {
    if (value.trim() === '') return 'must not be blank';
    return value.length > bounds.longestText ? `must be at most ${bounds.longestText} characters` : undefined;
  },
  interfaces: interfacesProblem,
  bytes: (value) => bytesProblem(value),
  buffer: (value, platform) => bytesProblem(value, platform?.bufferLimit ?? bounds.largestBufferLimit),
  count: (value) => (/^[1-9]\d{0,8}$/.test(value) ? undefined : 'must be a whole number from 1 to 999999999'),
  snaplen: (value) =>
    value === headersOnly || (/^(0|[1-9]\d{0,5})$/.test(value) && Number(value) <= bounds.largestSnaplen)
      ? undefined
      : `must be ${headersOnly}, or a whole number of bytes up to ${bounds.largestSnaplen}`,
  duration: (value) => {
    const seconds = parseDuration(value);
    if (seconds === undefined) return 'must be a duration such as 60s, 1m30s or 2h';
    return seconds < 1 || seconds > bounds.mostSeconds ? 'must be from 1s to 8760h' : undefined;
  },
  remote: (value) => {
    if (!remote.test(value)) return 'must be REMOTE:PATH, with a remote that rclone.conf names';
    return value.length > bounds.longestRemote ? `must be at most ${bounds.longestRemote} characters` : undefined;
  },
  endpoint: (value) =>
    Number(endpoint.exec(value)?.[2] ?? 65_536) <= 65_535 ? undefined : 'must be HOST:PORT or [IPV6]:PORT',
  keep: keepProblem,
  port: (value) =>
    /^[1-9]\d{0,4}$/.test(value) && Number(value) <= 65_535 ? undefined : 'must be a port from 1 to 65535',
  mirror: (value) => {
    const [, , , port = '1', , vni = '1'] = mirror.exec(value) ?? ['', '', '', '65536'];
    return Number(port) <= 65_535 && Number(vni) <= bounds.largestVNI
      ? undefined
      : 'must be vxlan://HOST[:PORT][?vni=NUMBER]';
  },
};

/**
 * Whether an invalid value may contain credentials, so that it must not be printed: rclone destinations and URLs can
 * contain them. A valid value contains none.
 */
export function isSecret(name: string, value: string): boolean {
  return findSetting(name)?.type === 'remote' && settingProblem(name, value) !== undefined;
}

/**
 * `filter "x" must not be blank`: the message of a refusal; undefined for a valid value.
 * @param platform as of settingProblem
 */
export function settingRefusal(name: string, value: string, platform?: Platform): string | undefined {
  const problem = settingProblem(name, value, platform);
  if (problem === undefined) return undefined;
  return isSecret(name, value)
    ? `${name} ${problem}; its value is not shown, since it may hold credentials`
    : `${name} "${value}" ${problem}`;
}

/**
 * The problem of a setting's value, in a few words; undefined when the value is valid.
 * The empty value is valid for every setting and means the default.
 * @param platform what the release allows; without it, only problems that exist in every release are found
 */
export function settingProblem(name: string, value: string, platform?: Platform): string | undefined {
  const setting = findSetting(name);
  if (setting === undefined) return 'is not a setting';
  if (value === '') return undefined;
  const problem = platform && lockProblem(setting.name, value, platform);
  return (
    problem ?? checks[setting.type](value, platform) ?? (platform && destinationProblem(setting.name, value, platform))
  );
}
