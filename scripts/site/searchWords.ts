/**
 * The words of a text, for the search: of Chinese, which has no spaces, each character. It goes into the pages as
 * text, so that it uses nothing outside of itself. Pure.
 */
export function searchWords(text: string): string[] {
  return text.match(/[\u4e00-\u9fff]|[\p{L}\p{N}_]+/gu) ?? [];
}
