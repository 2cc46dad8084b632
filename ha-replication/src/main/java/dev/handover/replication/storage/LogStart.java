package dev.handover.replication.storage;

/**
 * Where the log begins; kept in the {@link StateFile}, so that it moves in one step. Segments that end at or before {@code offset} are remains that a crash left behind.
 *
 * @param offset of the log, at which the first segment begins
 * @param indexAtOffset last index that had been written before {@code offset} and was not cut by then; a later CUT may go below it, but not below {@code firstIndex}
 * @param firstIndex first index that the log holds, or will hold
 * @param epochBefore epoch of the entry before it; 0 if it is 1
 * @param timestampBefore timestamp of the entry before it; 0 if it is 1
 */
record LogStart(long offset, long indexAtOffset, long firstIndex, long epochBefore, long timestampBefore) {
    /** Of a log that nothing was ever dropped from. */
    static final LogStart ORIGIN = new LogStart(0, 0, 1, 0, 0);
}
