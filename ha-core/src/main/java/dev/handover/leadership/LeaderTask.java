package dev.handover.leadership;

/** Work that only the leader does. */
@FunctionalInterface
public interface LeaderTask {
    /**
     * Runs while this process leads. It is interrupted when the leadership ends and must return then, best within a sixth of the session time-out: before
     * anybody else can lead. A long step asks {@link Leadership.Leading#isValid()} first and hands on the epoch.
     *
     * @throws Exception is logged, and the task is started again after a while if this process still leads
     */
    void run(Leadership.Leading leading) throws Exception;
}
