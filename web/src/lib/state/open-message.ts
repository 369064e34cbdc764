import { placePath } from '../routes';
import type { AppState } from './app.svelte';

/** Goes to a message of which only the id is known. */
export async function openMessage(app: AppState, id: number): Promise<void> {
  const { value } = await app.api.messages.find(id);
  app.router.go(placePath(value));
}
