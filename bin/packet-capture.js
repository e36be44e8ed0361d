#!/usr/bin/env node
// JavaScript, so that an old Node can say that it is old, and a new one need not load what strips types: from the
// second start on everything else comes from the compile cache.
import module from 'node:module';

if (process.features.typescript) {
  module.enableCompileCache();
  await import('../src/cli/main.ts');
} else {
  console.error(
    `error REQUIREMENT_MISSING: packet-capture needs Node 22.18 or later; this is Node ${process.versions.node}`,
  );
  process.exitCode = 1;
}
