/**
 * Reads values that others wrote, JSON as a rule, each by its type: what is of another type counts as absent. So
 * nothing that somebody writes can end a command, or grow without an end.
 */

/** A map whose values may have any type. */
export type Fields = Readonly<Record<string, unknown>>;

const none: Fields = {};

/** The members of a map; of anything else, none. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : none;
}

/** Whether a value is a map: an object that is neither a list nor null. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text; undefined for anything else. @param most characters; the rest is cut off */
export function textOf(value: unknown, most = 4096): string | undefined {
  return typeof value === 'string' ? value.slice(0, most) : undefined;
}

/** A whole number from 0 to 2^53; undefined for anything else. */
export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The items of a list, the first `most` of them; of anything else, none. */
export function itemsOf(value: unknown, most = Number.POSITIVE_INFINITY): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]).slice(0, most) : [];
}

/** The texts of a list. */
export function textsOf(value: unknown, mostItems: number, mostCharacters?: number): string[] {
  return itemsOf(value, mostItems).flatMap((item) => textOf(item, mostCharacters) ?? []);
}

/** The texts of a map. */
export function textMapOf(
  value: unknown,
  mostItems: number,
  mostCharacters?: number,
): Readonly<Record<string, string>> {
  const entries = Object.entries(fieldsOf(value)).slice(0, mostItems);
  return Object.fromEntries(
    entries.flatMap(([key, item]) => (typeof item === 'string' ? [[key, item.slice(0, mostCharacters)] as const] : [])),
  );
}

/** The members that are there. */
export function present<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** The value of JSON text; undefined for any other text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
