/** Colours for names, around the wheel; each can be read on light and on dark paper. */
export const SWATCHES: readonly { readonly name: string; readonly color: string }[] = [
  { name: 'Red', color: '#b3403a' },
  { name: 'Orange', color: '#b4622a' },
  { name: 'Amber', color: '#96700f' },
  { name: 'Olive', color: '#6b7a1e' },
  { name: 'Green', color: '#2f7d4f' },
  { name: 'Teal', color: '#1c7a76' },
  { name: 'Blue', color: '#2b6fa8' },
  { name: 'Indigo', color: '#4f5fc0' },
  { name: 'Violet', color: '#7a52b8' },
  { name: 'Magenta', color: '#a3448f' },
  { name: 'Rose', color: '#b03a66' },
  { name: 'Slate', color: '#5a6472' },
];
