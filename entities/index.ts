import { AccountEntity } from './account.ts';
import { AuditEntryEntity } from './audit-entry.ts';
import { CallEpochEntity } from './call-epoch.ts';
import { CallFigureEntity } from './call-figure.ts';
import { CallLogEntity } from './call-log.ts';
import { CallRecordingEntity } from './call-recording.ts';
import { CallUnderstandingEntity } from './call-understanding.ts';
import { CallbackRequestEntity } from './callback-request.ts';
import { CatalogueRevisionEntity } from './catalogue-revision.ts';
import { ConsentRegionEntity } from './consent-region.ts';
import { ErasedCallEntity } from './erased-call.ts';
import { ErasureEntity } from './erasure.ts';
import { FigureDueEntity } from './figure-due.ts';
import { FigureMinuteEntity } from './figure-minute.ts';
import { FigureTopicEntity } from './figure-topic.ts';
import { KnowledgeDocumentEntity } from './knowledge-document.ts';
import { MenuCategoryEntity } from './menu-category.ts';
import { MenuItemEntity } from './menu-item.ts';
import { PreparedLineEntity } from './prepared-line.ts';
import { PrivacyRecordEntity } from './privacy-record.ts';
import { ProductModifierEntity } from './product-modifier.ts';
import { ProductSizeEntity } from './product-size.ts';
import { PromotionEntity } from './promotion.ts';
import { QuestionNoteEntity } from './question-note.ts';
import { StaffMemberEntity } from './staff-member.ts';
import { StoreHoursExceptionEntity } from './store-hours-exception.ts';
import { StoreHoursEntity } from './store-hours.ts';
import { StoreSettingsEntity } from './store-settings.ts';
import { SubscriptionPlanEntity } from './subscription-plan.ts';
import { ToolExecutionEntity } from './tool-execution.ts';
import { TurnEntity } from './turn.ts';
import { VoicemailEntity } from './voicemail.ts';

/** Every table of Aida. */
export const entities = [
  CallLogEntity,
  TurnEntity,
  ToolExecutionEntity,
  CallEpochEntity,
  CallUnderstandingEntity,
  CallFigureEntity,
  FigureMinuteEntity,
  FigureTopicEntity,
  FigureDueEntity,
  MenuCategoryEntity,
  MenuItemEntity,
  ProductSizeEntity,
  ProductModifierEntity,
  SubscriptionPlanEntity,
  StoreHoursEntity,
  StoreHoursExceptionEntity,
  StoreSettingsEntity,
  StaffMemberEntity,
  KnowledgeDocumentEntity,
  VoicemailEntity,
  CallRecordingEntity,
  ConsentRegionEntity,
  CallbackRequestEntity,
  PromotionEntity,
  QuestionNoteEntity,
  PreparedLineEntity,
  ErasureEntity,
  ErasedCallEntity,
  PrivacyRecordEntity,
  CatalogueRevisionEntity,
  AccountEntity,
  AuditEntryEntity,
];
