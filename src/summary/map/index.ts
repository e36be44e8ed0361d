export { drawMap } from './svg.ts';
