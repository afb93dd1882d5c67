import type { Chance } from './chance.ts';
import type { Figures } from './figures.ts';
import type { Network } from './network.ts';
import type { Parameters } from './sign.ts';
import type { Web } from './web.ts';

/** Held back by a random time up to this, which shuffles them. */
const delayMsMax = 300;
/** Share that is sent twice. */
const twice = 0.05;

/** Requests whose answer is not TwiML: they are shuffled, some come twice, and nobody waits for them. */
export class Callbacks {
  readonly #web: Web;
  readonly #network: Network;
  readonly #chance: Chance;
  readonly #figures: Figures;
  #underWay = 0;
  #settled: (() => void)[] = [];

  constructor(web: Web, network: Network, chance: Chance, figures: Figures) {
    this.#web = web;
    this.#network = network;
    this.#chance = chance;
    this.#figures = figures;
  }

  send(url: string, params: Parameters): void {
    const times = this.#chance.is(twice) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      this.#underWay += 1;
      this.#network.later(this.#chance.between(0, delayMsMax), () => void this.#deliver(url, params));
    }
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  async #deliver(url: string, params: Parameters): Promise<void> {
    const { failure, tries } = await this.#web.ask({ url, method: 'POST', params });
    this.#figures.count('aida_callbacks', tries);
    if (failure !== null) this.#figures.count('aida_callbacks_failed');
    this.#underWay -= 1;
    if (this.#underWay === 0) for (const settled of this.#settled.splice(0)) settled();
  }
}
