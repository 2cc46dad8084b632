package dev.handover.replication;

/** The thread on which state machines run and callers' futures complete. */
final class Applier extends Worker {
    Applier(String name) {
        super(name);
    }

    /** Runs the task here, after what was handed over before; on the calling thread if the applier has ended. */
    void run(Runnable task) {
        if (!tryRun(task)) {
            task.run();
        }
    }

    @Override
    long afterBatch(boolean any) {
        return Long.MAX_VALUE;
    }
}
