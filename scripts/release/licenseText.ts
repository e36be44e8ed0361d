/** The licences of what a release has in it, as the text of one file. @param licenses text by name */
export function licenseText(licenses: ReadonlyMap<string, string>): string {
  return [...licenses].map(([name, text]) => `${name}\n${'='.repeat(name.length)}\n\n${text}`).join('\n\n');
}
