/** Node itself reads the configuration, which the project's linter and compiler check: scripts/site/config.ts. */
const { default: config } = await import(new URL('../../scripts/site/config.ts', import.meta.url).href);

export default config;
