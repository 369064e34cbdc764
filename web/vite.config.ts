import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// MINIMOST_URL names the server that `vite` (development only) passes requests on to.
const server = process.env['MINIMOST_URL'] ?? 'http://127.0.0.1:6767';

export default defineConfig({
  plugins: [svelte()],
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
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
