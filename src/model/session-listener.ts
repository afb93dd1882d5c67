import type { AudioDelta } from './delta.ts';
import type { DialogueListener } from './dialogue.ts';

/** Who hears what the model does. Methods are called from the socket's events. */
export interface SessionListener extends DialogueListener {
  /** Configured, seeded and about to speak: audio may be appended. After `rotateMs` another one should go on. */
  onReady(sessionId: string, model: string, rotateMs: number): void;
  /** Hot. `delta` is overwritten afterwards. `late`: audio of an interrupted response. */
  onAudio(delta: AudioDelta, late: boolean): void;
  /** Once; the session is closed. */
  onLost(code: string, fatal: boolean): void;
  /** A method of this listener threw. */
  onFault(error: unknown): void;
}
