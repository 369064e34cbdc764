import { asProblem } from '../../api/problem';
import { backoffMs } from '../backoff';
import { newClientMsgId } from '../client-msg-id';

/** A person waits for this, so patience is short. */
const ATTEMPTS_MAX = 3;

/** Carries one wish to the server, and repeats it under the same id when its answer is lost. */
export async function once<T>(wish: (client_msg_id: string) => Promise<T>): Promise<T> {
  const key = newClientMsgId();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await wish(key);
    } catch (failure) {
      const problem = asProblem(failure);
      const isLost = problem.status === 0 || problem.status === 503;
      if (!isLost || attempt === ATTEMPTS_MAX) throw problem;
      const wait_ms = backoffMs(attempt, Math.random);
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
  }
}
