import Handlebars from 'handlebars';
import { codedError } from '../errors.ts';

/** Files of a folder by their path in it, with `/` between names. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** What may stand in a chart. Another suffix is a slip: an editor's backup, or a template under a wrong name. */
const known = /(\.(yaml|tpl|txt|md|json)|(^|\/)\.helmignore)$/;
const handlebars = '.hbs';

/**
 * The chart from its templates. `NAME.hbs` passes through Handlebars and becomes NAME; every other file is Helm's own
 * and is copied byte for byte. Pure: same files and context, same bytes. The result is in the order of the paths.
 * @throws CHART_INVALID when a suffix is unknown, two files become one, or a template does not render
 */
export function renderChart(files: Files, context: Readonly<Record<string, unknown>>): Map<string, Uint8Array> {
  const chart = new Map<string, Uint8Array>();
  for (const [source, content] of [...files].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const isTemplate = source.endsWith(handlebars);
    const path = isTemplate ? source.slice(0, -handlebars.length) : source;
    if (!known.test(path)) {
      const hint =
        'Files of a chart end in .yaml, .tpl, .txt, .md or .json, with .hbs behind it for what Handlebars renders.';
      throw codedError('CHART_INVALID', 'the suffix is unknown', { where: source, hint });
    }
    if (chart.has(path)) throw codedError('CHART_INVALID', `"${path}" is written by two files`, { where: source });
    chart.set(path, isTemplate ? renderTemplate(source, content, context) : content);
  }
  return chart;
}

function renderTemplate(source: string, content: Uint8Array, context: Readonly<Record<string, unknown>>): Uint8Array {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    // Strict: a name that is not in the context ends the run instead of leaving a gap.
    const template = Handlebars.compile(text, { strict: true, noEscape: true, knownHelpersOnly: true });
    return new TextEncoder().encode(template(context));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw codedError('CHART_INVALID', what, { where: source, cause: error });
  }
}
