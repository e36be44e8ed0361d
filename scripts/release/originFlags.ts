/** Flags that say where a release comes from. */
export interface OriginFlags {
  readonly source?: string;
  readonly vendor?: string;
}

export const source = ['--source <URL>', 'the address of the sources, for labels and provenance'] as const;
export const vendor = [
  '--vendor <NAME>',
  "who publishes, and gives the sources of what is under GPL: the images' label",
] as const;

/** What was named of it. */
export function originOf({ source: from, vendor: by }: OriginFlags): OriginFlags {
  return { ...(from === undefined ? {} : { source: from }), ...(by === undefined ? {} : { vendor: by }) };
}
