package dev.handover.replication;

/** The thread on which state machines run and callers' futures complete. */
final class Applier extends Worker {
    private static final class Task extends Mailbox.Mail {
        private final Runnable task;

        Task(Runnable task) {
            this.task = task;
        }

        @Override
        void open() {
            task.run();
        }
    }

    Applier(String name) {
        super(name);
    }

    /** Runs the task here, after what was handed over before; on the calling thread if the applier has ended. */
    void run(Runnable task) {
        if (!post(new Task(task))) {
            task.run();
        }
    }

    @Override
    long afterBatch(boolean any) {
        return Long.MAX_VALUE;
    }
}
