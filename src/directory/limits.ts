/** Bounds of what the directory keeps and waits for. Redis-clock time where a time is meant. */
export const directoryLimits = {
  /** A command that has no answer by then counts as unanswered; it may have been applied all the same. */
  commandTimeoutMs: 300,
  /** A socket that owes an answer and stays silent for so long is given up. */
  socketTimeoutMs: 1_000,
  connectTimeoutMs: 2_000,
  retryDelayMaxMs: 500,
  /** Commands under way at once on one link; more are refused as `unavailable`. */
  commandsMax: 20_000,
  /** Hash and log of a call, counted anew from each claim. */
  callLifeMs: 26 * 3_600_000,
  /** Hash and log of a call after its end. */
  endedLifeMs: 24 * 3_600_000,
  /** A claim whose answer was not stored by then is taken for abandoned, and a retry claims anew. */
  unansweredMs: 1_000,
  /** How long a break counts. */
  breakLifeMs: 60_000,
  breaksMax: 16,
  /** A carrier told to ask again has so long before anybody may claim the call. */
  redirectLifeMs: 3_000,
  /** Facts in one append. */
  appendFactsMax: 256,
  /** Late facts kept apart by key in one ended call. */
  lateFactsMax: 64,
  journalPageEntries: 500,
  journalEntriesMax: 20_000,
  reservationLifeMs: 20_000,
  reservationSweepMax: 50,
  /** A node without a heartbeat for so long gets no calls. */
  heartbeatStaleMs: 2_500,
  /** For so long after a node's last heartbeat its calls are expected at the others. */
  nodeLostMs: 20_000,
  /** A node without a heartbeat for so long is struck from the registry. */
  nodeForgetMs: 3_600_000,
  nodeKeyLifeMs: 26 * 3_600_000,
  /** Heartbeats make the sums over all nodes anew this often. */
  totalsMs: 500,
  /** Loads are counted anew from the reservations this often, while there are at most `recountMax` of them. */
  recountMs: 10_000,
  recountMax: 2_000,
  /** What a model said of its account's limits is forgotten after this. */
  modelBudgetLifeMs: 60_000,
  /** Callers in the waiting room; those cut off while they talked always find a place in it. */
  queueMax: 20_000,
  queueKeyLifeMs: 3_600_000,
  /** A waiter is given up so long after its next poll was due, or one more piece if that is longer. */
  queueGraceMs: 6_000,
  /** After Redis was away nobody is given up for so long: twice the longest time between two polls. */
  queueAwayGraceMs: 32_000,
  queueSweepMax: 50,
  /** Placements from which the pace of the waiting room is told; older ones than `paceLifeMs` tell nothing. */
  paceSamplesMax: 20,
  paceSamplesMin: 3,
  paceSpanMinMs: 10_000,
  paceLifeMs: 600_000,
  switchesMax: 64,
  switchNameMax: 64,
  switchValueMax: 256,
  reasonMax: 256,
  switchLifeMs: 30 * 24 * 3_600_000,
  auditEntriesMax: 1_000,
  auditLifeMs: 90 * 24 * 3_600_000,
  /** A caller's call counts no longer than this, should its end not be told. */
  callerCallLifeMs: 3_600_000,
  /** Blocked callers of one partition. */
  blocksMax: 5_000,
  /** How long a caller who was cut off is offered to go on. */
  recentCallLifeMs: 600_000,
  inboxEntriesMax: 10_000,
  inboxLifeMs: 3_600_000,
  inboxReadMax: 256,
  /** What a node says of itself, and of one that has left. */
  nodeReportLifeMs: 10_000,
  nodeLeftLifeMs: 3_600_000,
  /** What is wanted of a process that does not look for so long is forgotten. */
  nodeOrderLifeMs: 60_000,
  judgeLeaseMs: 5_000,
  /** Longer than the time between two comparisons with the carrier's list. */
  reconcileLeaseMs: 90_000,
  /** Calls read of one list at once. */
  heldReadMax: 50_000,
  dueLeaseMs: 5_000,
  dueClaimMax: 50,
  /** A call handed out by the sweep comes up again after this, unless somebody moved its deadline. */
  dueRetryMs: 30_000,
  outboxLeaseMs: 5_000,
  outboxReadMax: 128,
  /** The outbox of one partition; the alarm stands at `outboxAlarmShare` of it. */
  outboxBytesMax: 256 * 1024 * 1024,
  outboxAlarmShare: 0.6,
  /** Jobs of one lane that are neither done nor dead; the alarm stands at `jobsAlarmShare` of it, and of the dead. */
  jobsOpenMax: 50_000,
  jobsDeadMax: 10_000,
  jobsAlarmShare: 0.6,
  jobPayloadChars: 16_384,
  jobNameChars: 200,
  jobReasonChars: 200,
  /** For so long a job that is over is not made again. */
  jobOverLifeMs: 24 * 3_600_000,
  jobsOverMax: 200_000,
  /** A job whose process says nothing for so long is given to another. */
  jobLeaseMs: 15_000,
  jobsPromotedMax: 128,
  /** A reader's name is forgotten after this. */
  jobReaderLifeMs: 3_600_000,
  /** Of all keys of the jobs, from the last time that anybody worked on them: nothing is put off for so long. */
  jobKeyLifeMs: 60 * 24 * 3_600_000,
  /** Calls that wait for somebody on the staff, and for how long at most: no conversation is longer. */
  staffQueueMax: 100,
  staffWaitMs: 14_400_000,
  /** Who was rung for a call is remembered for so long after the last one. */
  staffTriedLifeMs: 600_000,
  /** A session of the console ends when nothing is asked for so long, and for good after the second. */
  sessionIdleMs: 2 * 3_600_000,
  sessionLifeMs: 12 * 3_600_000,
  /** Attempts to sign in are counted for so long from the first. */
  signInWindowMs: 15 * 60_000,
  /** For one name from one address, from one address, for one name from anywhere. */
  signInPairMax: 5,
  signInAddressMax: 30,
  signInNameMax: 100,
  /** A command that nobody has begun by then is not carried out; its answer is kept for so long. */
  commandLifeMs: 4_000,
  commandAnswerLifeMs: 60_000,
  deadLettersMax: 10_000,
  deadLetterLifeMs: 14 * 24 * 3_600_000,
} as const;
