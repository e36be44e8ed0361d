export { formatMarkdown } from './markdown.ts';
export { formatSummary } from './text.ts';
