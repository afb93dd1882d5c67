import type { DataSource, EntityManager } from 'typeorm';
import type { AccountRole } from '../../entities/account.ts';
import { AuditEntryEntity, type AuditEntry } from '../../entities/audit-entry.ts';

/** Who acts: an account, the first admin (`admin`), or a program with the token (`machine`). */
export interface Who {
  id: string;
  name: string;
  role: AccountRole;
}

export interface AuditNote {
  who: Who | { name: string };
  /** What was done, `menu.changed`. */
  action: string;
  /** What it was done to: a CallSid, a slug, a name. */
  subject: string;
  /** Never data of callers beyond ids. */
  detail?: Record<string, unknown>;
}

export interface AuditFilter {
  who?: string;
  /** An action, or what it begins with: `menu` for `menu.changed` and its siblings. */
  action?: string;
  subject?: string;
  from?: Date;
  /** Not included. */
  until?: Date;
  /** Entries older than this one. */
  before?: number;
}

export interface Audit {
  /** Rejects when the entry could not be written: what has to be audited does not happen then. */
  note(entry: AuditNote, manager?: EntityManager): Promise<void>;
  /** Newest first, at most `auditLimits.pageEntries`. */
  entries(filter: AuditFilter): Promise<AuditEntry[]>;
}

export const auditLimits = { pageEntries: 50, textChars: 200 } as const;

export function createAudit(dataSource: DataSource): Audit {
  return {
    async note({ who, action, subject, detail }, manager = dataSource.manager) {
      const row = {
        whoId: 'id' in who ? who.id : null,
        whoName: who.name.slice(0, auditLimits.textChars),
        action,
        subject: subject.slice(0, auditLimits.textChars),
        detail: detail ?? {},
      };
      // TypeORM cannot tell a JSON column's record from a relation.
      await manager.getRepository(AuditEntryEntity).insert(row as object);
    },

    entries({ who, action, subject, from, until, before }) {
      const query = dataSource.getRepository(AuditEntryEntity).createQueryBuilder('entry');
      if (who) query.andWhere('entry.whoName = :who', { who });
      if (action) query.andWhere("(entry.action = :action OR entry.action LIKE :begins ESCAPE '!')", begins(action));
      if (subject) query.andWhere('entry.subject = :subject', { subject });
      if (from) query.andWhere('entry.at >= :from', { from });
      if (until) query.andWhere('entry.at < :until', { until });
      if (before !== undefined) query.andWhere('entry.id < :before', { before });
      return query.orderBy('entry.id', 'DESC').limit(auditLimits.pageEntries).getMany();
    },
  };
}

function begins(action: string): { action: string; begins: string } {
  return { action, begins: `${action.replace(/[!%_]/g, '!$&')}.%` };
}
