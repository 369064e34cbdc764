/** Notifications outside the window: what the browser permits, and showing one. */

export type Permission = 'granted' | 'denied' | 'default' | 'unsupported';

export function desktopPermission(): Permission {
  return 'Notification' in globalThis ? Notification.permission : 'unsupported';
}

/** Only after a click: a question that nobody asked for is answered with no. */
export async function askForDesktop(): Promise<Permission> {
  return 'Notification' in globalThis ? Notification.requestPermission() : 'unsupported';
}

/** False when it is not permitted. One tag is shown once, however many windows know of it. */
export function showOnDesktop(
  title: string,
  body: string,
  tag: string,
  onclick: () => void,
): boolean {
  if (desktopPermission() !== 'granted') return false;
  try {
    const shown = new Notification(title, { body, tag: `minimost-${tag}` });
    shown.onclick = () => {
      focus();
      onclick();
      shown.close();
    };
    return true;
  } catch {
    // Phones permit it and let only service workers do it.
    return false;
  }
}
