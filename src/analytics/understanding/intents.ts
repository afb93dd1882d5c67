/** Everything that a call may be about, in the order in which it is told. */
export const intentNames = [
  'hours',
  'location',
  'menu',
  'product',
  'diet',
  'order',
  'subscription',
  'cancel',
  'promotion',
  'booking',
  'knowledge',
  'jobs',
  'complaint',
  'transfer',
  'voicemail',
  'callback',
  'language',
  'goodbye',
] as const;

export type Intent = (typeof intentNames)[number];

/** Those that say how a call goes on or ends, not what it is about. */
export const wayIntents: ReadonlySet<Intent> = new Set<Intent>([
  'transfer',
  'voicemail',
  'callback',
  'language',
  'goodbye',
]);

/** The tools that are asked only by who wants this. */
export const intentOfTool: ReadonlyMap<string, Intent> = new Map<string, Intent>([
  ['get_store_hours', 'hours'],
  ['get_menu', 'menu'],
  ['get_product_details', 'product'],
  ['get_subscription_info', 'subscription'],
  ['search_knowledge_base', 'knowledge'],
  ['transfer_to_staff', 'transfer'],
  ['leave_voicemail', 'voicemail'],
  ['request_callback', 'callback'],
  ['speak_language', 'language'],
  ['end_call', 'goodbye'],
]);

/** What the way a call came out shows, where nobody said it: keys of the keypad, for one. */
export const intentOfOutcome: ReadonlyMap<string, Intent> = new Map<string, Intent>([
  ['transferred', 'transfer'],
  ['voicemail', 'voicemail'],
  ['callback', 'callback'],
]);
