import { AddressBook } from './address.ts';
import { Call, type CallPlan, type Outcome } from './call.ts';
import { Callbacks } from './callbacks.ts';
import type { CallWorld } from './call-world.ts';
import { Chance } from './chance.ts';
import type { Figures } from './figures.ts';
import { Lines, phaseMs } from './lines.ts';
import type { Network } from './network.ts';
import type { Phrases } from './phrases.ts';
import type { Settings } from './settings.ts';
import { Web } from './web.ts';

/** How the carrier is told to ask, as the store configured its number. */
const overrides = '#ct=1000&rt=2500&rc=3&rp=all';
const number = '+12075550142';
const firstArea = 208;
const firstLine = 2_000_000;
const linesPerVu = 50_000;
/** Above what settings allow. */
const vusMax = 256;
const generatorsMax = 256;
/** Above what a call needs for its last turn, its goodbye and its end. */
const spareMs = 60_000;
/** Who was not told otherwise waits so long for somebody to speak with. */
const patienceMsMax = 600_000;
/** After the run calls end with their turn; who has not by then hangs up. */
const lastTurnMsMax = 40_000;

/** Who calls, and when. */
export interface Crowd {
  /** Called every {@link crowdMs} while the run lasts: places calls, looks at those there are. */
  step(nowMs: number, generator: Generator): void;
  /** A call has ended. */
  ended(call: Call, outcome: Outcome): void;
}

const crowdMs = 50;

/** Plays all the calls of one VU on its event loop. */
export class Generator {
  readonly world: CallWorld;
  readonly live = new Set<Call>();
  readonly #crowd: Crowd;
  #callers = 0;
  readonly #vu: number;
  #resolve: () => void = () => undefined;

  constructor(options: {
    settings: Settings;
    network: Network;
    figures: Figures;
    phrases: Phrases;
    crowd: Crowd;
    /** Which VU of this generator: callers' numbers follow from both. */
    vu: number;
  }) {
    const { settings, network, figures, phrases, crowd, vu } = options;
    const chance = new Chance((settings.seed * vusMax + vu) * generatorsMax + settings.generator);
    const addresses = new AddressBook(settings.hosts);
    const ids = new Chance(network.random() * 2 ** 32);
    const web = new Web(network, addresses, settings.token, ids);
    this.#crowd = crowd;
    this.#vu = vu;
    this.world = {
      settings,
      network,
      addresses,
      web,
      chance,
      ids,
      figures,
      phrases,
      lines: new Lines(),
      callbacks: new Callbacks(web, network, chance, figures),
      number,
      voiceUrl: `${settings.target}/voice${overrides}`,
      fallbackUrl: `${settings.target}/voice/fallback`,
      statusUrl: `${settings.target}/voice/status${overrides}`,
    };
  }

  /** Calls for so long, then lets those on the line come to their end; resolves when the last callback was answered. */
  async run(runMs: number, every: (run: () => void, ms: number) => () => void): Promise<void> {
    const { network, lines } = this.world;
    const startedMs = network.nowMs();
    let crowdAtMs = 0;
    const stop = every(() => {
      const nowMs = network.nowMs();
      lines.run(nowMs);
      if (nowMs < crowdAtMs) return;
      crowdAtMs = nowMs + crowdMs;
      const overMs = nowMs - startedMs - runMs;
      if (overMs < 0) this.#crowd.step(nowMs, this);
      else if (this.live.size === 0) this.#resolve();
      else for (const call of this.live) call.leave(overMs > lastTurnMsMax);
    }, phaseMs);
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
    });
    stop();
    await this.world.callbacks.settled();
  }

  /** A new caller, or the one with this number again. */
  place(plan: Partial<Pick<CallPlan, 'from' | 'patienceMs'>> & { talkMs: number }): Call {
    const { settings, chance } = this.world;
    const patienceMs = plan.patienceMs ?? patienceMsMax;
    const call = new Call(this.world, {
      from: plan.from ?? this.#nextNumber(),
      patienceMs,
      callMsMax: plan.talkMs + patienceMs + spareMs,
      talk: {
        firstPhrase: Math.floor(chance.between(0, 1_000)),
        talkMs: plan.talkMs,
        saysGoodbye: chance.is(settings.goodbyes),
        interrupts: () => chance.is(settings.bargeIns),
        pressesKey: () => chance.is(settings.keys),
      },
    });
    this.live.add(call);
    void this.#follow(call);
    return call;
  }

  /** An area for each generator, a block of its numbers for each VU. */
  #nextNumber(): string {
    this.#callers += 1;
    const line = firstLine + this.#vu * linesPerVu + (this.#callers % linesPerVu);
    return `+1${firstArea + this.world.settings.generator}${line}`;
  }

  async #follow(call: Call): Promise<void> {
    const outcome = await call.run();
    this.live.delete(call);
    this.#crowd.ended(call, outcome);
  }
}
