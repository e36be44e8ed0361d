import Handlebars from 'handlebars';
import { codedError } from '../errors.ts';

/** The files of a folder by their relative path, with `/` between names. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** The suffixes of a chart's files. Any other one is a mistake, such as an editor's backup or a misnamed template. */
const known = /(\.(yaml|tpl|txt|md|json)|(^|\/)\.helmignore)$/;
const handlebars = '.hbs';

/**
 * Renders the chart from its templates. Handlebars renders `NAME.hbs` to NAME; every other file belongs to Helm and is
 * copied byte for byte. The same files and context give the same bytes. The result is sorted by path.
 * @throws CHART_INVALID when a suffix is unknown, two files become one, or a template does not render
 */
export function renderChart(files: Files, context: Readonly<Record<string, unknown>>): Map<string, Uint8Array> {
  const chart = new Map<string, Uint8Array>();
  for (const [source, content] of [...files].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const isTemplate = source.endsWith(handlebars);
    const path = isTemplate ? source.slice(0, -handlebars.length) : source;
    if (!known.test(path)) {
      const hint =
        'Files of a chart end in .yaml, .tpl, .txt, .md or .json, followed by .hbs if Handlebars renders the file.';
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
    // Strict: an unknown name fails instead of rendering as an empty text.
    const template = Handlebars.compile(text, { strict: true, noEscape: true, knownHelpersOnly: true });
    return new TextEncoder().encode(template(context));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw codedError('CHART_INVALID', what, { where: source, cause: error });
  }
}
