package dev.handover.replication.simulator;

import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.replication.history.Linearizability;
import dev.handover.replication.history.Operation;
import dev.handover.replication.history.SequentialModel;
import dev.handover.replication.history.Verdict;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.simulator.SimStateMachine.Input;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;

/**
 * One world, from one seed: what happens, and when. A step is one event for one core. After the given number of steps nothing goes wrong any more, everybody is
 * started, and the group must come to rest: that is the check of liveness (I13); then the clients' history is checked (I12).
 */
final class Simulation {
    private static final int TRANSCRIPT_LIMIT = 400_000;
    private static final int STANDSTILL = 1_000_000;
    /** Of what clients write here, as it counts towards the limits of messages; roughly. */
    private static final long SMALL_ENTRY_BYTES = 100;
    /** Chosen so that the worlds of {@link SimulatorRegressionTest} stay what they were. */
    private static final long DISK_FAULTS = 0x6469741eL;

    private record Task(long at, long order, Runnable work) implements Comparable<Task> {
        @Override
        public int compareTo(Task other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    /**
     * How it went.
     *
     * @param failure null if all is well
     * @param epochs configurations there were
     * @param committed entries
     * @param operations of clients
     * @param restNanos from the end of all faults to rest
     * @param lostForGood no disk of an in-sync replica is what it was
     * @param leasedReads answered without a round
     * @param undecided the history was too hard to check
     * @param counts what happened how often
     */
    record Result(
            long seed,
            long steps,
            SimFailure failure,
            long epochs,
            long committed,
            int operations,
            long restNanos,
            boolean lostForGood,
            boolean undecided,
            long leasedReads,
            String parameters,
            SimCounts counts,
            List<String> transcript) {}

    final Dice dice;
    final SimParameters parameters;
    final SimRegister register;
    final SimNetwork network;
    final Checkers checkers;
    final SimCounts counts = new SimCounts();
    final List<SimReplica> replicas = new ArrayList<>();
    final List<Operation<Input, Long>> history = new ArrayList<>();

    private final long seed;
    private final long lastStep;
    private final List<String> transcript;
    private final PriorityQueue<Task> tasks = new PriorityQueue<>();
    private final List<SimClient> clients = new ArrayList<>();
    private final SimFaults faults;
    private final SimRoom room;
    private long now;
    private long order;
    private long steps;
    private long tasksWithoutStep;
    private long moments;
    private long tags;
    private long values;
    private boolean healing;
    private long healedAt;
    private boolean undecided;

    private Simulation(long seed, long lastStep, SimParameters.Weather weather, boolean talkative) {
        this.seed = seed;
        this.lastStep = lastStep;
        transcript = talkative ? new ArrayList<>() : null;
        dice = new Dice(seed);
        parameters = new SimParameters(dice, new Dice(seed ^ 0x6c65617365L), new Dice(seed ^ DISK_FAULTS), weather);
        register = new SimRegister(this);
        network = new SimNetwork(this);
        checkers = new Checkers(this);
        for (int i = 0; i < parameters.replicas; i++) {
            replicas.add(new SimReplica(this, i));
        }
        for (int i = 0; i < parameters.clients; i++) {
            clients.add(new SimClient(this, i));
        }
        faults = new SimFaults(this);
        room = new SimRoom(this, weather == SimParameters.Weather.FOUL);
    }

    long seed() {
        return seed;
    }

    /** Runs one seed; what failed is run once more for its transcript. */
    static Result run(long seed, long steps) {
        return run(seed, steps, SimParameters.Weather.FOUL);
    }

    /** In this weather. */
    static Result run(long seed, long steps, SimParameters.Weather weather) {
        Result result = new Simulation(seed, steps, weather, false).run();
        if (result.failure == null) {
            return result;
        }
        Result again = new Simulation(seed, steps, weather, true).run();
        if (again.failure == null || !result.failure.getMessage().equals(again.failure.getMessage())) {
            throw new IllegalStateException(
                    "seed " + seed + " does not replay: first " + result.failure + ", then " + again.failure);
        }
        return again;
    }

    /** One in which nothing goes wrong by chance. */
    static Simulation calm(long seed) {
        Simulation calm = new Simulation(seed, Long.MAX_VALUE, SimParameters.Weather.CALM, false);
        calm.begin();
        return calm;
    }

    /** Goes on for so long, checked all the time. */
    void runFor(long nanos) {
        long end = now + nanos;
        while (now < end) {
            next();
        }
    }

    private void begin() {
        for (SimReplica replica : replicas) {
            after(dice.after(5 * SimParameters.MILLI), replica::startIfDown);
        }
        clients.forEach(SimClient::start);
        network.lookAround();
        faults.start();
        room.start();
    }

    private Result run() {
        SimFailure failure = null;
        boolean lost = false;
        try {
            begin();
            while (steps < lastStep) {
                next();
                if (tasksWithoutStep > STANDSTILL) {
                    throw new SimFailure(
                            "I13",
                            "nobody takes a step any more: "
                                    + replicas.stream()
                                            .map(SimReplica::describe)
                                            .toList());
                }
            }
            heal();
            lost = !comeToRest();
            checkHistory();
        } catch (SimFailure found) {
            failure = found;
        } catch (RuntimeException | StackOverflowError bug) {
            failure = new SimFailure("no exception", bug + " at " + bug.getStackTrace()[0]);
            failure.initCause(bug);
        }
        return new Result(
                seed,
                steps,
                failure,
                register.epoch(),
                checkers.committedIndex(),
                history.size(),
                now - healedAt,
                lost,
                undecided,
                checkers.leasedReads(),
                parameters.toString(),
                counts,
                transcript == null ? List.of() : transcript);
    }

    private void next() {
        Task task = tasks.poll();
        now = task.at;
        tasksWithoutStep++;
        task.work.run();
    }

    // ---- the end

    private void heal() {
        note(null, "---- everything heals");
        healing = true;
        healedAt = now;
        network.heal();
        for (SimReplica replica : replicas) {
            replica.heal();
            faults.restore(replica);
        }
        register.heal();
        room.heal();
        admitAll();
    }

    /** In the end operators admit again whom they have removed, and say so until it is done. */
    private void admitAll() {
        VersionedConfiguration newest = register.newest();
        if (newest != null) {
            SimReplica leader = replica(newest.configuration().leader().node());
            for (NodeId removed : newest.configuration().removed()) {
                leader.changeMembers(removed, false, parameters.options.failureTimeoutNanos());
            }
        }
        after(4 * parameters.options.failureTimeoutNanos(), this::admitAll);
    }

    /** Whether everybody who had what is committed has lost it: then nothing more can be asked for. */
    private boolean isLostForGood() {
        VersionedConfiguration newest = register.newest();
        return newest != null && newest.configuration().inSync().stream().noneMatch(this::isTrusted);
    }

    boolean isTrusted(ReplicaId member) {
        SimDisk disk = replica(member.node()).disk();
        return disk.logId().equals(member.logId()) && !disk.isRolledBack() && !disk.isDamaged();
    }

    /** False if that cannot be: a proposal made before a disk was wiped may be stored even now. */
    private boolean comeToRest() {
        long bound = now
                + 60 * parameters.options.failureTimeoutNanos()
                + 60 * parameters.options.leases().periodNanos()
                + 200 * parameters.registerNanos
                + 40 * parameters.options.casRetryNanos()
                + 4 * parameters.clientPatienceNanos
                + catchUpNanos()
                + 2_000 * SimParameters.MILLI;
        while (!isAtRest()) {
            if (isLostForGood()) {
                return false;
            }
            if (now > bound) {
                throw new SimFailure(
                        "I13",
                        "no rest within " + (bound - healedAt) / SimParameters.MILLI + " ms: "
                                + replicas.stream().map(SimReplica::describe).toList() + ", " + register.newest()
                                + ", clients idle "
                                + clients.stream().map(SimClient::isIdle).toList());
            }
            next();
        }
        return true;
    }

    /** Twice what a replica needs to fetch the whole log where messages are so small that each waits for the answer to the one before. */
    private long catchUpNanos() {
        long entries = replicas.stream()
                .mapToLong(replica -> replica.disk().log().lastIndex())
                .max()
                .orElse(0);
        long bytes = Math.min(parameters.options.maxAppendBytes(), parameters.options.maxInFlightBytes());
        long messages = entries / Math.max(1, bytes / SMALL_ENTRY_BYTES);
        return messages * (5 * parameters.forceNanos + 4 * parameters.delayNanos); // read and force take 5/4 on average
    }

    private boolean isAtRest() {
        VersionedConfiguration newest = register.newest();
        if (newest == null
                || newest.configuration().inSync().size() != replicas.size() - parameters.learners
                || !newest.configuration().removed().isEmpty()) {
            return false;
        }
        SimReplica leader = replica(newest.configuration().leader().node());
        if (!leader.serves() || leader.core().epoch() != newest.configuration().epoch()) {
            return false;
        }
        for (SimReplica replica : replicas) {
            if (!replica.isRunning()
                    || replica.shell().isTransferring()
                    || replica.core().lastIndex() != leader.core().lastIndex()
                    || replica.shell().appliedIndex() != leader.core().lastIndex()
                    || replica.shell().digest() != leader.shell().digest()) {
                return false;
            }
        }
        for (SimClient client : clients) {
            if (!client.isIdle()) {
                return false;
            }
        }
        return true;
    }

    private void checkHistory() {
        clients.forEach(SimClient::end);
        // what was given up and never executed by anybody had no effect; what was executed may have had it at any time
        history.removeIf(operation -> operation.isUnknown() && !checkers.wasExecuted(operation.input()));
        Verdict verdict = Linearizability.check(NUMBERS, Input::key, history, 300_000);
        undecided = verdict instanceof Verdict.Undecided;
        if (verdict instanceof Verdict.NotLinearizable) {
            throw new SimFailure("I12", verdict.toString());
        }
    }

    private static final SequentialModel<Long, Input, Long> NUMBERS = new SequentialModel<>() {
        @Override
        public Long initial() {
            return 0L;
        }

        @Override
        public Long next(Long state, Input input) {
            return input.next(state);
        }

        @Override
        public boolean accepts(Long state, Input input, Long output) {
            return output == input.answer(state);
        }

        @Override
        public boolean isReadOnly(Input input) {
            return input.kind() == SimStateMachine.Kind.READ;
        }
    };

    // ---- for those who live in it

    long now() {
        return now;
    }

    void after(long nanos, Runnable work) {
        tasks.add(new Task(now + Math.max(0, nanos), order++, work));
    }

    void countStep() {
        steps++;
        tasksWithoutStep = 0;
    }

    boolean isHealing() {
        return healing;
    }

    /** Grows with every call: for the times of a history. */
    long nextMoment() {
        return ++moments;
    }

    long nextTag() {
        return ++tags;
    }

    long nextValue() {
        return ++values;
    }

    SimReplica replica(NodeId node) {
        return replicas.get(node.value().charAt(0) - 'a');
    }

    SimRoom room() {
        return room;
    }

    /** Whether anybody wants the transcript. */
    boolean isTalkative() {
        return transcript != null;
    }

    /** A line for the transcript, by a replica or by the world. */
    void note(SimReplica replica, Object what) {
        if (transcript != null && transcript.size() < TRANSCRIPT_LIMIT) {
            String text = what instanceof Effect.Send send
                    ? "-> " + send.to() + " " + SimReplica.brief(send.message())
                    : what instanceof Event.Received received
                            ? "<- " + received.from() + " " + SimReplica.brief(received.message())
                            : String.valueOf(what);
            transcript.add(String.format(
                    "%6d %12.3f ms %s %s", steps, now / 1e6, replica == null ? "*" : replica.node(), text));
        }
    }
}
