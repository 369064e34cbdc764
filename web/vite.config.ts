import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// MINIMOST_URL names the server that `vite` (development only) passes requests on to.
const server = process.env['MINIMOST_URL'] ?? 'http://127.0.0.1:6767';

/** Below this a file fits into one packet as it is. */
const COMPRESSED_BYTES_MIN = 1024;

/** Puts `.br` and `.gz` beside what is worth it: the server embeds them, and never compresses a file itself. */
function compressed(): Plugin {
  let dir = '';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved: (config) => {
      dir = resolve(config.root, config.build.outDir);
    },
    closeBundle: async () => {
      for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (!entry.isFile() || !/\.(?:html|js|css|svg|json|webmanifest|txt)$/.test(path)) continue;
        const bytes = await readFile(path);
        if (bytes.length < COMPRESSED_BYTES_MIN) continue;
        await writeFile(`${path}.br`, brotliCompressSync(bytes));
        await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [svelte(), compressed()],
  build: {
    target: 'es2024',
    // The browsers that know light-dark() and colours made of colours: nothing has to be imitated.
    cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
    // The policy of the server forbids inline scripts, and the polyfill would be one.
    modulePreload: { polyfill: false },
    // An asset inlined as data: would escape the hashed, immutable cache.
    assetsInlineLimit: 0,
  },
  server: {
    proxy: {
      // Everything that is neither a page nor a source file is the server's.
      '^/(?!(@|src/|node_modules/|c/|view/|favicon|$|\\?))': {
        target: server,
        bypass: (request) =>
          request.headers.accept?.includes('text/html') ? '/index.html' : undefined,
      },
    },
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['src/**/*.test.ts'],
          exclude: ['src/**/*.client.test.ts'],
          environment: 'node',
        },
      },
      {
        // What is drawn anew: Svelte as a browser runs it, with its effects.
        extends: true,
        resolve: { conditions: ['browser'] },
        test: {
          name: 'client',
          include: ['src/**/*.client.test.ts'],
          environment: './src/testing/client-environment.ts',
        },
      },
    ],
  },
});
