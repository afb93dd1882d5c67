import type { DataSource } from 'typeorm';
import { StoreSettingsEntity } from '../../../entities/store-settings.ts';
import { noteConsoleChanges } from '../../directory/console-changes.ts';
import type { RedisLink } from '../../directory/redis.ts';
import { createJobs } from '../../jobs/queue.ts';
import { createAccounts } from '../../services/accounts.ts';
import type { Audit } from '../../services/audit.ts';
import { createCallbackDesk } from '../../services/callback-desk.ts';
import type { CallbackPolicy } from '../../services/callback-window.ts';
import { callbacksOf } from '../../services/catalog-rows.ts';
import { createEditor } from '../../services/catalogue/editor.ts';
import { createOpenQuestions } from '../../services/open-questions.ts';
import { createPromotionDesk } from '../../services/promotion-desk.ts';
import { createVoicemailDesk } from '../../services/voicemail-desk.ts';
import { mayAct } from '../roles.ts';
import { createFleetDesk } from './fleet-desk.ts';

export interface DeskOptions {
  dataSource: DataSource;
  link: RedisLink;
  audit: Audit;
  /** Names of tools that can be switched off. */
  toolNames: readonly string[];
  /** Nodes read the store's data again. */
  announce(): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What every page of the desk works with. */
export function deskParts(options: DeskOptions) {
  const { dataSource, link, audit, now } = options;
  const accounts = createAccounts(dataSource, audit);
  const deps = { dataSource, audit };
  return {
    ...options,
    messages: createVoicemailDesk(deps),
    callbacks: createCallbackDesk(deps),
    promotions: createPromotionDesk(deps),
    questions: createOpenQuestions({ ...deps, now }),
    jobs: createJobs(link),
    fleet: createFleetDesk({ link, dataSource, now }),
    editor: createEditor({ ...deps, announce: options.announce }),

    /** Names of those who may be given work. */
    async people(): Promise<string[]> {
      const all = await accounts.list();
      return all.filter(({ isActive, role }) => isActive && mayAct(role, 'supervisor')).map(({ name }) => name);
    },

    async callbackPolicy(): Promise<CallbackPolicy> {
      return callbacksOf(await dataSource.getRepository(StoreSettingsEntity).findOneBy({ id: 1 }));
    },

    /** Pages that are open show it, in every process. */
    changed: (...topics: string[]) => noteConsoleChanges(link, topics),
  };
}

export type DeskParts = ReturnType<typeof deskParts>;
