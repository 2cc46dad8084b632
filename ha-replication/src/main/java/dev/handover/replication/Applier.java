package dev.handover.replication;

/** The thread on which state machines run and callers' futures complete. */
final class Applier extends Worker {
    private final NodeLoop loop;

    /** Helps the loop with what comes of applying. */
    Applier(String name, NodeLoop loop) {
        super(name);
        this.loop = loop;
    }

    /** Runs the task here, after what was handed over before; on the calling thread if the applier has ended. */
    void run(Runnable task) {
        if (!tryRun(task)) {
            task.run();
        }
    }

    @Override
    long afterBatch(boolean any) {
        loop.help();
        return Long.MAX_VALUE;
    }
}
