/** The name of the profile and of its folder. */
export const profileName = 'packet-capture';

/** How many pods can have a colour of their own. */
export const mostColours = 10;

/** A pod as interfaces are named after it. */
export interface ColouredPod {
  readonly namespace: string;
  readonly name: string;
}

/** Pale backgrounds that can be told apart, as 8-bit red, green and blue; the text on them is dark. */
const backgrounds: readonly (readonly [red: number, green: number, blue: number])[] = [
  [204, 229, 255],
  [213, 245, 213],
  [255, 236, 179],
  [240, 214, 245],
  [255, 214, 204],
  [204, 242, 242],
  [232, 232, 200],
  [225, 220, 255],
  [255, 220, 235],
  [222, 222, 222],
];
const dark = [20, 30, 40] as const;

/** What goes wrong stays as striking as in Wireshark's own rules. */
const troubles = [
  rule(
    'Bad TCP',
    'tcp.analysis.flags && !tcp.analysis.window_update && !tcp.analysis.keep_alive && !tcp.analysis.keep_alive_ack',
    [247, 135, 135],
    [18, 39, 46],
  ),
  rule('ICMP errors', 'icmp.type in {3..5, 11} || icmpv6.type in {1..4}', [183, 247, 116], [18, 39, 46]),
  rule('TCP RST', 'tcp.flags.reset == 1', [255, 252, 156], [164, 0, 0]),
];

/**
 * The files of a Wireshark profile (4.0 or later) for captures of this program: names of addresses from the capture
 * alone, columns for pod, device and node, and a colour for each pod. Pure.
 * @param pods those with a colour, ten at most; none: each interface of a capture has one of ten colours
 * @returns by file name
 */
export function profileFiles(pods: readonly ColouredPod[]): Readonly<Record<string, string>> {
  return { preferences, colorfilters: colourRules(pods) };
}

const columns: readonly (readonly [title: string, format: string])[] = [
  ['No.', '%m'],
  ['Time', '%t'],
  ['Pod and device', '%Cus:frame.interface_name:0:R'],
  ['Pod and node', '%Cus:frame.interface_description:0:R'],
  ['Source', '%s'],
  ['Destination', '%d'],
  ['Protocol', '%p'],
  ['Length', '%L'],
  ['Info', '%i'],
];

const preferences = `# Written by the command wireshark-profile.

# Show the names of pods, Services and nodes that are in the capture.
nameres.network_name: TRUE
# A DNS answer in the capture would replace them, and a DNS server would be asked about each address.
nameres.dns_pkt_addr_resolution: FALSE
nameres.use_external_name_resolver: FALSE

gui.column.format:
${columns.map(([title, format]) => `\t"${title}", "${format}"`).join(',\n')}
`;

function colourRules(pods: readonly ColouredPod[]): string {
  const filters =
    pods.length === 0
      ? backgrounds.map(
          (_, index) => [`Interface ${index}`, `frame.interface_id % ${mostColours} == ${index}`] as const,
        )
      : pods.map(({ namespace, name }) => [`${namespace}/${name}`, interfaceFilter(namespace, name)] as const);
  const rules = filters.map(([title, filter], index) =>
    rule(title, filter, dark, backgrounds[index % mostColours] ?? [255, 255, 255]),
  );
  return `# Written by the command wireshark-profile.\n${[...troubles, ...rules].join('\n')}\n`;
}

/** `shop/web-1:eth0`; a dot is the only character of a pod's name that means something in a regular expression. */
function interfaceFilter(namespace: string, name: string): string {
  return `frame.interface_name matches "^${`${namespace}/${name}`.replaceAll('.', '[.]')}:"`;
}

/** A line of Wireshark's file `colorfilters`; its colours have 16 bits. */
function rule(title: string, filter: string, foreground: readonly number[], background: readonly number[]): string {
  const colour = (parts: readonly number[]): string => `[${parts.map((part) => part * 257).join(',')}]`;
  return `@${title}@${filter}@${colour(background)}${colour(foreground)}`;
}
