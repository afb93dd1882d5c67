import { backendRows } from './backend-rows.ts';
import { journalRows } from './journal-rows.ts';
import type { BoardSpec } from './panel.ts';

/** What is written of calls, how far it got, and what it stands on. */
export const pipelines: BoardSpec = {
  uid: 'aida-pipelines',
  file: 'pipelines',
  title: 'Aida / Pipelines',
  question:
    'Is everything that happens in calls written, carried on and stored, and do Redis, Kafka and Postgres hold?',
  rows: [...journalRows, ...backendRows],
};
