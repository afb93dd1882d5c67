import type { Producer, ProducerBatch, RecordMetadata } from 'kafkajs';
import type { KafkaLink } from '../kafka/client.ts';

/** The client bounds each of its requests; what takes so long it has lost sight of. */
const SEND_MAX_MS = 45_000;
const DISCONNECT_MAX_MS = 10_000;

class SendOverdue extends Error {
  override readonly name = 'SendOverdue';
}

/**
 * The producer in use. One that does not come back is let go, and the next batch has a new one: what it may have stored
 * after all is a repeat. Else the leases would be kept for a relay that brings nothing.
 */
export class Sender {
  private readonly kafka: Pick<KafkaLink, 'producer'>;
  private readonly maxMs: number;
  private producer: Producer | null = null;

  constructor(kafka: Pick<KafkaLink, 'producer'>, maxMs = SEND_MAX_MS) {
    this.kafka = kafka;
    this.maxMs = maxMs;
  }

  async connect(): Promise<Producer> {
    const producer = this.kafka.producer();
    try {
      await producer.connect();
    } catch (error) {
      this.letGo(producer);
      throw error;
    }
    this.producer = producer;
    return producer;
  }

  async sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]> {
    const producer = this.producer ?? (await this.connect());
    const { promise: overdue, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      this.letGo(producer);
      reject(new SendOverdue(`a batch was not sent within ${this.maxMs} ms`));
    }, this.maxMs);
    try {
      return await Promise.race([producer.sendBatch(batch), overdue]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for what is under way, for a bounded time. */
  async disconnect(): Promise<void> {
    const { producer } = this;
    this.producer = null;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, DISCONNECT_MAX_MS);
    await Promise.race([producer?.disconnect().catch(() => {}), late]);
    clearTimeout(timer);
  }

  private letGo(producer: Producer): void {
    if (this.producer === producer) this.producer = null;
    void producer.disconnect().catch(() => {});
  }
}
