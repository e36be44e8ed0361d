/** A file of docs/decisions. */
export interface Decision {
  /** Name of the file: its number, and words. */
  readonly file: string;
  readonly text: string;
}

/**
 * The index of the decisions as a Markdown table, in the given order.
 * @throws Error for a decision without a title of its number, a date, a status, or one of its three parts
 */
export function decisionsMarkdown(decisions: readonly Decision[]): string {
  const rows = decisions.map(({ file, text }) => {
    const title = wanted(file, 'title', new RegExp(`^# ${file.slice(0, 4)} (.+)$`, 'm').exec(text));
    const date = wanted(file, 'date', /^- Date: (\d{4}-\d{2}-\d{2})$/m.exec(text));
    const status = wanted(file, 'status', /^- Status: ((?:Accepted|Superseded by).*)$/m.exec(text));
    wanted(
      file,
      'Context, Decision and Consequences in this order',
      /\*\*(Context)\.\*\*.*\*\*Decision\.\*\*.*\*\*Consequences\.\*\*/s.exec(text),
    );
    return `| [${file.slice(0, 4)}](${file}) | ${title} | ${date} | ${status} |`;
  });
  return ['| number | decision | date | status |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function wanted(file: string, what: string, match: RegExpExecArray | null): string {
  const text = match?.[1];
  if (text === undefined) throw new Error(`docs/decisions/${file} has no ${what}`);
  return text;
}
