/** What ends a simple command of a shell. */
const ends = new Set(['|', '||', '&&', ';', '&', '(', ')']);

/**
 * The simple commands of a line of a shell, as words: quotes are read, redirections and comments left out. Enough for
 * lines that documents tell to type; no variable is expanded. Pure.
 * @example shellCommands("a 'b c' | d > e # f") is [['a', 'b c'], ['d']]
 */
export function shellCommands(line: string): string[][] {
  const commands: string[][] = [[]];
  let redirected = false;
  for (const [, space = '', operator = '', word = ''] of line.matchAll(
    /(\s*)(?:(\|\||&&|\||;|&(?!>)|[()]|\d?[<>]+&?\d?)|((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\|&;()<>])+))/g,
  )) {
    // A `#` begins a comment where a word begins.
    if (word.startsWith('#') && (space !== '' || commands.length === 1)) break;
    if (ends.has(operator)) commands.push([]);
    if (operator !== '') redirected = /[<>]/.test(operator) && !/&\d$/.test(operator);
    else if (redirected) redirected = false;
    else commands.at(-1)?.push(unquoted(word));
  }
  return commands.filter((words) => words.length > 0);
}

function unquoted(word: string): string {
  return word.replaceAll(
    /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/g,
    (_, single?: string, double?: string, one?: string) =>
      single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? one ?? '',
  );
}
