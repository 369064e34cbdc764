export default {
  // Runes only: a component that still uses the old reactivity does not compile.
  compilerOptions: { runes: true },
};
