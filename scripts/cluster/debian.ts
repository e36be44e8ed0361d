/**
 * The day whose packages the images have. A later one makes all of them anew, with the security updates until then;
 * each has it as the label {@link packagesLabel}. Set it with every release.
 */
export const packagesDate = process.env['PACKET_CAPTURE_PACKAGES_DATE'] ?? '2026-11-28';

export const packagesLabel = 'packet-capture.packages';

export const suite = 'trixie';

/** Prints the base address and the suite of each source that this machine's own apt has. */
export const listSources = ['apt-get', 'indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages'];

/**
 * Further sources of packages, by suite: the text of a file of /etc/apt/sources.list.d.
 * @param installed what debootstrap wrote into sources.list: `deb ADDRESS trixie main`
 * @param listed what {@link listSources} prints: where this machine has Debian's security updates from, if it is a
 * Debian
 */
export function furtherSources(installed: string, listed: string): ReadonlyMap<string, string> {
  const [, main] = /^deb (\S+) \S+ main/m.exec(installed) ?? [];
  const [, security] = /^(\S+\/debian-security)\/? \S+-security$/m.exec(listed) ?? [];
  const sources: [string, string | undefined][] = [
    [`${suite}-updates`, main],
    [`${suite}-security`, security],
  ];
  // An empty one is found to be absent when it is tried.
  return new Map(
    sources.map(([name, address]) => [name, address === undefined ? '' : `deb ${address} ${name} main\n`]),
  );
}

/** Before each suite that could not be had, in the output of {@link upgrade}. */
const absent = 'packet-capture: without the suite ';

/** A shell script that leaves out the sources that do not answer, and brings all packages up to date. */
export const upgrade = `#!/bin/sh
set -eu
for list in /etc/apt/sources.list.d/*.list; do
  [ -e "$list" ] || continue
  if ! [ -s "$list" ] || ! apt-get update -o APT::Update::Error-Mode=any -o Dir::Etc::sourcelist="$list" -o Dir::Etc::sourceparts=-; then
    echo "${absent}$(basename "$list" .list)"
    rm "$list"
  fi
done
apt-get update -o APT::Update::Error-Mode=any
DEBIAN_FRONTEND=noninteractive apt-get upgrade --yes
apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/*
`;

/** The suites that {@link upgrade} left out. */
export function absentSuites(output: string): string[] {
  return output.split('\n').flatMap((line) => (line.startsWith(absent) ? [line.slice(absent.length)] : []));
}
