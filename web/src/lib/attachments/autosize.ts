/** Lets a textarea be as high as its text, up to the `max-height` of its style. */
export function autosize(text: () => string) {
  return (area: HTMLTextAreaElement): void => {
    // Read, so that the attachment runs again when the text changes from elsewhere.
    text();
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
  };
}
