import {
  CHOMPING_MODE,
  COLLECTION_STYLE,
  EVENT_ID,
  SCALAR_STYLE,
  getScalarValue,
  parseEvents,
  type ScalarEvent,
} from 'js-yaml';
import type { TreeEvent } from './events.ts';

/** Deeper than any manifest, and shallow enough for the stack. */
const maxDepth = 500;

/** Turns an offset in the text that was parsed into one of the whole text. */
type Place = (offset: number) => number;

/**
 * The events of the root node of one document, by js-yaml.
 * @throws YAMLException
 */
export function jsYamlEvents(text: string, place: Place): TreeEvent[] {
  const events: TreeEvent[] = [];
  for (const event of parseEvents(text, { maxDepth })) {
    switch (event.type) {
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE:
        events.push({
          type: event.type === EVENT_ID.MAPPING ? 'map' : 'sequence',
          start: place(event.start),
          flow: event.style === COLLECTION_STYLE.FLOW,
          anchor: part(text, event.anchorStart, event.anchorEnd),
        });
        break;
      case EVENT_ID.SCALAR:
        events.push(scalarEvent(text, place, event));
        break;
      case EVENT_ID.ALIAS: {
        const name = text.slice(event.anchorStart, event.anchorEnd);
        events.push({ type: 'alias', start: place(event.anchorStart - 1), end: place(event.anchorEnd), name });
        break;
      }
      case EVENT_ID.POP:
        events.push({ type: 'end' });
        break;
      // One document is read at a time.
      case EVENT_ID.DOCUMENT:
        break;
    }
  }
  return events;
}

function scalarEvent(text: string, place: Place, event: ScalarEvent): TreeEvent {
  const { valueStart, valueEnd, style } = event;
  const quote = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED ? 1 : 0;
  const block = style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK;
  return {
    type: 'scalar',
    start: valueStart === -1 ? -1 : place(valueStart - quote),
    end: place(block ? blockScalarEnd(text, event) : valueEnd + quote),
    plain: style === SCALAR_STYLE.PLAIN,
    text: valueStart === -1 ? '' : getScalarValue(text, event),
    anchor: part(text, event.anchorStart, event.anchorEnd),
    tag: part(text, event.tagStart, event.tagEnd),
    propertiesEnd:
      event.anchorStart === -1 && event.tagStart === -1 ? -1 : place(Math.max(event.anchorEnd, event.tagEnd)),
  };
}

/** Blank lines behind a block scalar are none of its content, unless it keeps them (`|+`). */
function blockScalarEnd(text: string, { valueStart, valueEnd, chomping, indent }: ScalarEvent): number {
  if (chomping === CHOMPING_MODE.KEEP) return valueEnd;
  let end = valueEnd;
  while (end > valueStart) {
    const line = text.lastIndexOf('\n', end - 2) + 1;
    const blank = /^( *)\r?\n?$/.exec(text.slice(Math.max(line, valueStart), end));
    // More spaces than the scalar is indented by are content.
    if (blank === null || (blank[1] ?? '').length > Math.max(indent, 0)) break;
    end = Math.max(line, valueStart);
  }
  return end;
}

function part(text: string, start: number, end: number): string | undefined {
  return start === -1 ? undefined : text.slice(start, end);
}
