/**
 * Regular expressions of settings that the validation and the schema of the chart share. They match a part of a value,
 * without `^` and `$`, and are valid in RE2 too, because Helm checks the schema in Go.
 */

/** A host name or IPv4 address, or an IPv6 address in brackets. */
const host = String.raw`([A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])`;

/** `HOST:PORT`. The groups are the host and the port. @param port the pattern of a port */
export function endpointPattern(port: string): string {
  return `${host}:(${port})`;
}

/**
 * `vxlan://HOST[:PORT][?vni=NUMBER]`. The third group is the port, the fifth one the number.
 * @param port the pattern of a port
 * @param vni the pattern of a VXLAN network identifier of 24 bits (RFC 7348)
 */
export function mirrorPattern(port: string, vni: string): string {
  return String.raw`vxlan://${host}(:(${port}))?(\?vni=(${vni}))?`;
}

/**
 * An rclone remote from rclone.conf and a path, in printable ASCII. URLs and connection strings are refused. A
 * connection string begins with a colon, or has a comma before the colon, and may contain credentials
 * (https://rclone.org/docs/#connection-strings).
 */
export const remotePattern = '[A-Za-z0-9_.+@][A-Za-z0-9_.+@-]*:/?([!-.0-~][!-~]*)?';
