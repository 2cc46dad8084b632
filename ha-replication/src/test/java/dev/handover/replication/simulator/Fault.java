package dev.handover.replication.simulator;

/** What can go wrong besides messages and answers. */
enum Fault {
    /** A process is killed and started again later. */
    KILL(10),
    /** A process is killed between two effects of its next step. */
    KILL_IN_STEP(10),
    /** All processes are killed at once. */
    KILL_ALL(2),
    /** A process is stopped in order and started again. */
    STOP(4),
    /** A leader is asked to give the leadership to another, and perhaps something happens to either meanwhile. */
    TRANSFER(14),
    /** An operator removes a node from the group, or admits one again, and perhaps something happens to the leader or that node. */
    MEMBERS(6),
    /** A process stands still for a while. */
    PAUSE(8),
    /** Nothing reaches a node, nothing leaves it. */
    ISOLATE(6),
    /** One node does not hear one other. */
    CUT_ONE_WAY(8),
    /** Messages from one node to another take long for a while. */
    SLOW_LINK(8),
    /** The configuration store answers nobody for a while. */
    STORE_OUTAGE(4),
    /** The store takes long to answer one node for a while. */
    SLOW_STORE(8),
    /** A disk is slow for a while. */
    SLOW_DISK(6),
    /** A process dies, and a bit flips in its newest snapshot before it starts again. */
    DAMAGED_SNAPSHOT(4),
    /** A disk does nothing for a while; then it goes on as if nothing had been. */
    STALLED_DISK(8),
    /** A bit flips in what a log holds; it is found when that is read, or at the next start. */
    DAMAGED_LOG(4),
    /** The next force of a disk fails. */
    DISK_FAILURE(3),
    /** A process dies and its disk is gone. */
    WIPE(3),
    /** A process dies and its disk is as it was some time ago. */
    ROLL_BACK(2),
    /** A node is told that another refuses connections, which is not so. */
    FALSE_REFUSAL(5),
    /** A node loses another one, and perhaps more, and takes it for dead: so leaders are replaced behind their backs. */
    SPLIT(8),
    /** A connection breaks and comes back. */
    BROKEN_CONNECTION(5),
    /** A wall clock jumps. */
    CLOCK_JUMP(3),
    /** A state machine is slow for a while. */
    SLOW_APPLIER(3);

    final int weight;

    Fault(int weight) {
        this.weight = weight;
    }
}
