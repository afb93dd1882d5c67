import type { WebSocketListener } from './client.ts';
import type { FaultCode } from './faults.ts';

export type Told =
  | 'open'
  | 'pong'
  | { refused: number }
  | { error: FaultCode; why: string }
  | { close: number; reason: string };

/** Keeps what a client tells. */
export class RecordingListener implements WebSocketListener {
  readonly told: Told[] = [];
  readonly messages: string[] = [];
  onOpen = (): void => void this.told.push('open');
  onMessage = (bytes: Buffer): void => void this.messages.push(bytes.toString());
  onPong = (): void => void this.told.push('pong');
  onRefused = (status: number): void => void this.told.push({ refused: status });
  onError = (error: FaultCode, why: string): void => void this.told.push({ error, why });
  onClose = (close: number, reason: string): void => void this.told.push({ close, reason });

  get isOpen(): boolean {
    return this.told.includes('open');
  }

  /** The code of the only error. */
  get error(): FaultCode | undefined {
    const errors = this.told.flatMap((each) => (typeof each === 'object' && 'error' in each ? [each.error] : []));
    if (errors.length > 1) throw new Error(`${errors.length} errors`);
    return errors[0];
  }
}
