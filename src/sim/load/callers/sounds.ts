import type { Web } from '../../twilio/web.ts';

const charsPerSecond = 16;
const bytesPerMs = 8;
const soundBytesMax = 16 * 1024 * 1024;
const urlsMax = 1_000;
/** Enough for half an hour of waiting, told a second at a time. */
export const documentsMax = 2_000;
/** More documents than this within the window are a loop. */
export const loopDocumentsMax = 15;
export const loopWindowMs = 5_000;

/** How long the carrier speaks a text, ms. */
export const sayMs = (text: string): number => (text.trim().length / charsPerSecond) * 1000;

/** How long sounds last that documents name: each is fetched once, as the carrier's cache does. */
export class Sounds {
  readonly #web: Web;
  readonly #lengths = new Map<string, Promise<number>>();

  constructor(web: Web) {
    this.#web = web;
  }

  lengthMs(url: string): Promise<number> {
    const known = this.#lengths.get(url);
    if (known) return known;
    if (this.#lengths.size >= urlsMax) this.#lengths.clear();
    const length = this.#fetch(url);
    this.#lengths.set(url, length);
    return length;
  }

  async #fetch(url: string): Promise<number> {
    const ask = { url, method: 'GET', params: [], unsigned: true, bytesMax: soundBytesMax } as const;
    const { record, body } = await this.#web.ask(ask);
    return record.errorCode === null ? body.length / bytesPerMs : 0;
  }
}
