/** Where the browser sizes a field by its content, measuring would only make it lay out twice. */
const IS_BUILT_IN = CSS.supports('field-sizing', 'content');

/** Lets a textarea be as high as its text, up to the `max-height` of its style. */
export function autosize(text: () => string) {
  return (area: HTMLTextAreaElement): void => {
    if (IS_BUILT_IN) return;
    // Read, so that the attachment runs again when the text changes from elsewhere.
    text();
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
  };
}
