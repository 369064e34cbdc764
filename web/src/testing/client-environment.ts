/** For tests of what is drawn anew: Svelte compiles for a browser here, where effects run, and not for a server. */
export default {
  name: 'client',
  viteEnvironment: 'client',
  setup: () => ({ teardown() {} }),
};
