import { type EntityManager, LessThan } from 'typeorm';
import { CatalogueRevisionEntity, type CatalogueRevision } from '../../../entities/catalogue-revision.ts';
import type { AuditNote } from '../audit.ts';
import { type Content, hashOf } from './merge.ts';

/** Kept of each thing. */
const REVISIONS_MAX = 200;
const DELETED_MAX = 50;

export function contentOf(row: CatalogueRevision | null | undefined): Content | null {
  return row?.content ? { ...row.content } : null;
}

/** Newest first, at most `take`; `before`: older ones than this. Each may be as large as a document. */
export async function revisions(
  manager: EntityManager,
  subject: string,
  { before, take }: { before?: number | undefined; take: number },
): Promise<CatalogueRevision[]> {
  const where = before === undefined ? { subject } : { subject, version: LessThan(before) };
  return await manager.getRepository(CatalogueRevisionEntity).find({ where, order: { version: 'DESC' }, take });
}

/** Adds what it has become; before it what it was, where that was written past the console. */
export async function record(
  manager: EntityManager,
  subject: string,
  { before, content, who }: { before: Content | null; content: Content | null; who: AuditNote['who'] },
): Promise<void> {
  const rows = manager.getRepository(CatalogueRevisionEntity);
  const last = await rows.findOne({
    where: { subject },
    order: { version: 'DESC' },
    select: { version: true, hash: true },
  });
  let version = last?.version ?? 0;
  const known = before ? hashOf(before) : '';
  if (before && last?.hash !== known) await rows.insert({ subject, version: ++version, content: before, hash: known });
  await rows.insert({ subject, version: ++version, content, hash: content ? hashOf(content) : '', by: who.name });
  if (version > REVISIONS_MAX)
    await rows
      .createQueryBuilder()
      .delete()
      .where('subject = :subject AND version <= :last', { subject, last: version - REVISIONS_MAX })
      .execute();
}

export interface Deleted {
  key: string;
  /** What it was. */
  content: Content;
  by: string;
  at: Date;
}

/** What was deleted last and is not there again. */
export async function deletedOf(manager: EntityManager, kind: string): Promise<Deleted[]> {
  const rows: (Omit<Deleted, 'key'> & { subject: string })[] = await manager.query(
    `SELECT gone.subject, gone.by, gone.at, last.content FROM catalogue_revision AS gone
     JOIN catalogue_revision AS last ON last.subject = gone.subject AND last.version = gone.version - 1
     WHERE gone.content IS NULL AND last.content IS NOT NULL AND gone.subject LIKE $1
       AND NOT EXISTS (SELECT FROM catalogue_revision AS later
         WHERE later.subject = gone.subject AND later.version > gone.version)
     ORDER BY gone.at DESC LIMIT ${DELETED_MAX}`,
    [`${kind}:%`],
  );
  return rows.map(({ subject, ...row }) => ({ ...row, key: subject.slice(kind.length + 1) }));
}
