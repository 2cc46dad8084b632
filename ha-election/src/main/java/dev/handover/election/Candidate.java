package dev.handover.election;

import java.util.UUID;

/**
 * One who stands for the leadership.
 *
 * @param name as its builder was told
 * @param instance of its process: new with every start
 * @param priority the greater is preferred when the leadership is vacant
 * @param zone where it is; empty if it was not told
 * @param since ZooKeeper's number of the transaction that entered it: smaller is earlier
 */
public record Candidate(String name, UUID instance, int priority, String zone, long since) {}
