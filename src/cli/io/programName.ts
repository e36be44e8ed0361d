import { basename } from 'node:path';

/** The file name by which kubectl finds this program as a plugin; kubectl writes the dash of the command as `_`. */
export const pluginName = 'kubectl-packet_capture';

/**
 * How this program was started: as `packet-capture`, or by kubectl as `kubectl packet-capture`. Pure.
 * @param started the path by which it was started: of the executable, or of the script that Node runs
 */
export function programName(started: string): 'packet-capture' | 'kubectl packet-capture' {
  const isPlugin = basename(started.replaceAll('\\', '/')).startsWith(pluginName);
  return isPlugin ? 'kubectl packet-capture' : 'packet-capture';
}

/**
 * Text for people in which this program's own commands are written as its user types them. Pure.
 * @param commands the names of its commands: after another word, `packet-capture` is the name of a release or namespace
 */
export function withProgramName(text: string, name: string, commands: readonly string[]): string {
  if (name === 'packet-capture') return text;
  const own = new RegExp(
    String.raw`(?<![\w/.:=-]|-\w+ |\b(?:helm|kubectl) |\bhelm \w+ )packet-capture(?= (?:${commands.join('|')})(?![\w/.-]))`,
    'g',
  );
  return text.replace(own, name);
}
