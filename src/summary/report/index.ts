export { formatMarkdown } from './markdown.ts';
export { formatSummary } from './formatSummary.ts';
