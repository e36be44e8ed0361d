/**
 * What the `yaml` package tells about a document, in the order of the text, as far as the tree needs it. Offsets are
 * those of the whole text; a scalar that is not there has start -1.
 */
export type TreeEvent =
  | {
      readonly type: 'map' | 'sequence';
      readonly start: number;
      readonly flow: boolean;
      readonly anchor: string | undefined;
    }
  | {
      readonly type: 'scalar';
      readonly start: number;
      readonly end: number;
      readonly plain: boolean;
      readonly text: string;
      readonly anchor: string | undefined;
      readonly tag: string | undefined;
      /** End of the anchor and tag, or -1 when there are none. */
      readonly propertiesEnd: number;
    }
  | { readonly type: 'alias'; readonly start: number; readonly end: number; readonly name: string }
  | { readonly type: 'end' };
