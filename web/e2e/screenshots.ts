/** Real screens for docs/screenshots: `npm run screenshots` with a built server. Not a test. */
