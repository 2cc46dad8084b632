package dev.handover.replication.explorer;

/** What can happen next. The second node means what the kind says; for kinds without one it is 0. */
record Action(Kind kind, int node, int other) {
    /** What, and what it costs of the budgets of a {@link Scenario}. */
    enum Kind {
        /** The oldest message from one node to another arrives. */
        DELIVER(null),
        /** It is lost. */
        LOSE(Budget.LOSSES),
        /** It arrives, and once more later. */
        DELIVER_TWICE(Budget.LOSSES),
        /** Everything that was written is durable, and the process hears of it. */
        PERSIST(null),
        /** The process dies; what was not durable is lost. */
        CRASH(Budget.CRASHES),
        /** The process dies; what was written is durable all the same. */
        CRASH_AFTER_WRITE(Budget.CRASHES),
        START(null),
        /** The node notices that the other one's process is gone. */
        NOTICE(null),
        /** The node believes so, and it is not true. */
        SUSPECT(Budget.SUSPICIONS),
        /** The node has a connection to the other one again. */
        RECONNECT(null),
        /** The store looks at the compare-and-set with the number {@code other}; the answer is on its way. */
        CAS(null),
        /** It does, and the answer is lost. */
        CAS_ANSWER_LOST(Budget.DOUBTS),
        /** The asker is told that nobody knows; the store looks at it later. */
        CAS_LATE(Budget.DOUBTS),
        /** The compare-and-set is lost. */
        CAS_LOST(Budget.DOUBTS),
        /** The answer arrives. */
        ANSWER(null),
        /** The configuration is read, and the answer arrives. */
        READ_CONFIGURATION(null),
        /** The watch tells the newest configuration. */
        WATCH(null),
        /** Time passes for the node: more than a heartbeat, less than a failure time-out. */
        TICK(Budget.TICKS),
        /** A client's command. */
        COMMAND(Budget.COMMANDS),
        /** A client's linearizable read. */
        READ(Budget.READS),
        /** The leadership is to be given to the other node. */
        TRANSFER(Budget.TRANSFERS);

        final Budget costs;

        Kind(Budget costs) {
            this.costs = costs;
        }
    }

    /** How often something may happen in one history. */
    enum Budget {
        CRASHES,
        LOSSES,
        SUSPICIONS,
        DOUBTS,
        TICKS,
        COMMANDS,
        READS,
        TRANSFERS
    }

    int encoded() {
        return kind.ordinal() << 8 | node << 4 | other;
    }

    static Action decoded(int code) {
        return new Action(KINDS[code >> 8], code >> 4 & 15, code & 15);
    }

    private static final Kind[] KINDS = Kind.values();
}
