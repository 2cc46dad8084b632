package dev.handover.replication.protocol;

/** What a replica knows of its own disk: for how long it has stood still (R7, R23), and whether there is room for what comes (R15). */
final class OwnDisk {
    private final ReplicaState state;

    /** First write that is not durable yet, and since when it is the first. */
    private long waitedForWrite;

    private long waitedSinceNanos;
    private boolean lacksRoom;
    private long lacksRoomSinceNanos;

    OwnDisk(ReplicaState state) {
        this.state = state;
    }

    /** Time has passed; after a pause of the own process nothing that was timed counts. */
    void tick(boolean paused) {
        long first = state.log.firstPendingWrite();
        if (first == 0 || first != waitedForWrite || paused) {
            waitedForWrite = first;
            waitedSinceNanos = state.now;
        }
    }

    /** For how long it has completed nothing though something waits. */
    long stoodStillNanos() {
        return state.now - waitedSinceNanos;
    }

    void room(Event.DiskRoom event) {
        if (lacksRoom == event.there()) {
            lacksRoom = !event.there();
            lacksRoomSinceNanos = state.now;
        }
    }

    /** Soon nothing more can be written; a leader takes no commands. */
    boolean lacksRoom() {
        return lacksRoom;
    }

    /** For how long there has been no room; 0 if there is. */
    long lacksRoomForNanos() {
        return lacksRoom ? state.now - lacksRoomSinceNanos : 0;
    }
}
