package dev.handover.replication.simulator;

import dev.handover.Configuration;
import dev.handover.replication.protocol.Message;
import java.util.function.Supplier;

/**
 * I2: only the process that won an epoch sends as its leader. I5: an acknowledgement says what is durable and the leader's, in no epoch below an adopted one, and in none
 * that is not on disk. I8: a disk that was rolled back is not spoken for.
 */
final class FenceChecker {
    private final Simulation sim;
    private final LogChecker logs;

    FenceChecker(Simulation sim, LogChecker logs) {
        this.sim = sim;
        this.logs = logs;
    }

    void sending(Checkers.Observed process, Message message) {
        if (message instanceof Message.Append append) {
            trusted(process.replica, "leads");
            inEpoch(process, append.epoch(), "sends as leader");
            append(process, append);
        } else if (message instanceof Message.Ack ack) {
            trusted(process.replica, "acknowledges");
            inEpoch(process, ack.epoch(), "acknowledges");
            acknowledge(process.replica, ack);
        } else if (message instanceof Message.Mismatch mismatch) {
            trusted(process.replica, "answers");
            inEpoch(process, mismatch.epoch(), "answers");
        } else if (message instanceof Message.Stale stale) {
            inEpoch(process, stale.epoch(), "answers");
        } else if (message instanceof Message.Transferred transferred) {
            Configuration told = transferred.configuration().configuration();
            SimFailure.unless(
                    told.equals(sim.register.ofEpoch(told.epoch())),
                    "R1",
                    process.replica.node() + " says that the leadership is transferred, which is not stored: " + told);
        }
    }

    void proposing(Checkers.Observed process) {
        trusted(process.replica, "proposes");
    }

    private static void trusted(SimReplica replica, String what) {
        SimFailure.unless(
                !replica.disk().isRolledBack(),
                "I8",
                () -> replica.node() + " " + what + " with a disk that was rolled back");
    }

    private static void inEpoch(Checkers.Observed process, long epoch, String what) {
        SimReplica replica = process.replica;
        SimFailure.unless(
                epoch == process.epoch && replica.disk().highestEpoch() == epoch,
                "I5",
                () -> replica.node() + " " + what + " in epoch " + epoch + ", having adopted " + process.epoch + " and "
                        + replica.disk().highestEpoch() + " on disk");
    }

    /** R1, R11, R18: who won the epoch sends, or who is named by it and was running when it adopted it for the first time. */
    private void append(Checkers.Observed process, Message.Append append) {
        SimReplica replica = process.replica;
        Configuration configuration = sim.register.ofEpoch(append.epoch());
        Supplier<String> who = () -> replica.node() + " sends as leader of epoch " + append.epoch();
        SimFailure.unless(configuration != null, "I2", () -> who.get() + ", which does not exist");
        SimRegister.Proposer proposer = sim.register.proposerOf(append.epoch());
        SimFailure.unless(
                configuration.leader().equals(replica.id())
                        && ((proposer.replica() == replica.index() && proposer.boot() == replica.boot())
                                || process.startedEpoch < append.epoch()),
                "I2",
                () -> who.get() + " as process " + replica.boot() + ", which was won by " + configuration.leader()
                        + ", process " + proposer.boot());
        logs.leads(replica, append.epoch());
    }

    private void acknowledge(SimReplica replica, Message.Ack ack) {
        long index = ack.durableIndex();
        Supplier<String> who = () -> replica.node() + " acknowledges " + index + " in epoch " + ack.epoch();
        ChainLog durable = replica.disk().log();
        SimFailure.unless(
                index <= durable.lastIndex(), "I5", () -> who.get() + ", but its disk ends at " + durable.lastIndex());
        ChainLog leader = logs.ofLeader(ack.epoch());
        SimFailure.unless(leader != null, "I5", () -> who.get() + ", whose leader never sent anything");
        SimFailure.unless(
                leader.chainAt(index) == durable.chainAt(index),
                "I5",
                () -> who.get() + ", but the leader's log is another one");
    }
}
