package dev.handover.replication.simulator;

import dev.handover.NodeId;
import dev.handover.replication.history.Operation;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Proposal;
import dev.handover.replication.protocol.Sessions;
import dev.handover.replication.simulator.SimStateMachine.Input;
import dev.handover.replication.simulator.SimStateMachine.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * A client with one session, and a few operations under way at a time. What is refused or not answered in time it sends again, under the same session and sequence, to
 * this or another node; at last it gives up, and what became of the operation is unknown.
 */
final class SimClient {
    private final Simulation sim;
    private final String name;
    private long sessionId;
    private long lastSequence;
    private final TreeSet<Long> open = new TreeSet<>();
    private final List<Call> calls = new ArrayList<>();
    private final long[] lastSeen;
    private NodeId leader;
    private int underWay;
    private boolean opening;
    private boolean wakeUpDue;

    SimClient(Simulation sim, int number) {
        this.sim = sim;
        name = "client" + number;
        lastSeen = new long[sim.parameters.keys];
    }

    boolean isIdle() {
        return underWay == 0 && !opening;
    }

    void start() {
        wakeUp();
    }

    /** The world ends: what is still under way is unknown. */
    void end() {
        List.copyOf(calls).forEach(Call::giveUp);
    }

    private void wakeUp() {
        if (wakeUpDue) {
            return;
        }
        wakeUpDue = true;
        sim.after(sim.dice.after(sim.parameters.thinkNanos), () -> {
            wakeUpDue = false;
            act();
        });
    }

    private void act() {
        if (sim.isHealing()) {
            return;
        }
        if (sessionId == 0) {
            if (!opening) {
                opening = true;
                new Call(null, false).begin();
            }
            return;
        }
        if (underWay < sim.parameters.pipeline) {
            underWay++;
            new Call(input(), sim.dice.chance(sim.parameters.sessionlessShare)).begin();
        }
        if (underWay < sim.parameters.pipeline) {
            wakeUp();
        }
    }

    private Input input() {
        int key = sim.dice.below(sim.parameters.keys);
        if (sim.dice.chance(sim.parameters.readShare)) {
            return new Input(key, Kind.READ, 0, 0);
        }
        long value = sim.nextValue();
        return switch (sim.dice.below(4)) {
            case 0 -> new Input(key, Kind.WRITE, value, 0);
            case 1 -> new Input(key, Kind.COMPARE_AND_SET, value, lastSeen[key]);
            default -> new Input(key, Kind.EXTEND, value, 0);
        };
    }

    /** One operation, until it is answered or given up. A null input opens the session. */
    private final class Call {
        final Input input;
        final boolean sessionless;
        final long session;
        final long sequence;
        final long invoked = sim.nextMoment();
        final long deadline = sim.now() + sim.parameters.clientPatienceNanos;
        final boolean leased;
        int attempts;
        boolean done;

        Call(Input input, boolean sessionless) {
            this.input = input;
            boolean inSession = input != null && input.kind() != Kind.READ && !sessionless;
            this.sessionless = sessionless && input != null && input.kind() != Kind.READ;
            leased = input != null
                    && input.kind() == Kind.READ
                    && sim.parameters.leasedShare > 0
                    && sim.dice.chance(sim.parameters.leasedShare);
            session = inSession ? sessionId : 0;
            sequence = inSession ? ++lastSequence : 0;
            if (inSession) {
                open.add(sequence);
            }
            calls.add(this);
        }

        void begin() {
            send();
        }

        private void send() {
            int attempt = ++attempts;
            SimReplica target =
                    leader == null || sim.dice.chance(0.3) ? sim.dice.pick(sim.replicas) : sim.replica(leader);
            Attempt asked = new Attempt(this, attempt, sim.nextTag(), target, answeredBelow());
            if (!sim.isHealing() && sim.dice.chance(sim.parameters.loss / 2)) {
                if (sim.isTalkative()) {
                    sim.note(null, name + ": lost: " + asked);
                }
            } else {
                sim.after(sim.dice.after(sim.parameters.delayNanos), asked::arrive);
            }
            if (!sim.isHealing()
                    && session != 0
                    && sim.dice.chance(sim.parameters.lateness)) { // a copy that comes late
                sim.after(sim.dice.after(200 * SimParameters.MILLI), asked.again()::arrive);
            }
            long patience = sim.parameters.clientTimeoutNanos << Math.min(3, attempt / 8); // else copies fill the log
            sim.after(patience, () -> {
                if (!done && attempts == attempt) {
                    tryAgain();
                }
            });
        }

        private long answeredBelow() {
            return session == 0 ? 0 : session == sessionId ? open.first() : 1;
        }

        private void tryAgain() {
            if (done) {
                return;
            }
            if (sessionless || (!sim.isHealing() && sim.now() > deadline)) {
                giveUp();
            } else {
                if (sim.dice.chance(0.5)) {
                    leader = null;
                }
                send();
            }
        }

        void answered(int attempt, Message.Status status, long result, NodeId hint) {
            if (done) {
                return;
            }
            if (status == Message.Status.APPLIED) {
                finish();
                if (input == null) {
                    sessionId = result;
                    lastSequence = 0;
                    open.clear();
                } else {
                    if (input.kind() == Kind.READ) {
                        lastSeen[input.key()] = result;
                    }
                    sim.history.add(Operation.answered(name, input, result, invoked, sim.nextMoment()));
                }
            } else if (status == Message.Status.SESSION_EXPIRED) {
                if (sessionId == session) {
                    sessionId = 0;
                }
                giveUp();
            } else if (attempt == attempts) {
                leader = hint;
                sim.after(sim.dice.after(2 * SimParameters.MILLI), () -> {
                    if (attempts == attempt) {
                        tryAgain();
                    }
                });
            }
        }

        private void giveUp() {
            finish();
            if (input != null) {
                sim.history.add(Operation.unknown(name, input, invoked));
            }
        }

        private void finish() {
            done = true;
            calls.remove(this);
            if (input == null) {
                opening = false;
            } else {
                underWay--;
                if (session == sessionId) {
                    open.remove(sequence);
                }
            }
            wakeUp();
        }
    }

    /** One message to one node. */
    final class Attempt {
        private final Call call;
        private final int number;
        private final long tag;
        private final SimReplica target;
        private final long answeredBelow;

        private Attempt(Call call, int number, long tag, SimReplica target, long answeredBelow) {
            this.call = call;
            this.number = number;
            this.tag = tag;
            this.target = target;
            this.answeredBelow = answeredBelow;
        }

        private Attempt again() {
            return new Attempt(call, number, sim.nextTag(), sim.dice.pick(sim.replicas), answeredBelow);
        }

        long tag() {
            return tag;
        }

        int key() {
            return call.input.key();
        }

        boolean isRead() {
            return call.input != null && call.input.kind() == Kind.READ;
        }

        /** A read that may be answered under a lease. */
        boolean isLeased() {
            return call.leased;
        }

        Proposal proposal() {
            return call.input == null
                    ? new Proposal(
                            tag,
                            LogEntry.Kind.OPEN_SESSION,
                            0,
                            0,
                            0,
                            Sessions.openPayload(sim.parameters.sessionMillis))
                    : new Proposal(
                            tag,
                            LogEntry.Kind.COMMAND,
                            call.session,
                            call.sequence,
                            answeredBelow,
                            call.input.encode());
        }

        private void arrive() {
            if (target.isRunning()) {
                int boot = target.boot();
                target.whenAwake(() -> {
                    if (target.boot() == boot && target.isRunning()) {
                        if (sim.isTalkative()) {
                            sim.note(target, "is asked " + this);
                        }
                        target.shell().request(this);
                    }
                });
            } else {
                answer(Message.Status.NOT_LEADER, 0, null);
            }
        }

        void answer(Message.Status status, long result, NodeId hint) {
            if (!sim.isHealing() && sim.dice.chance(sim.parameters.loss / 2)) {
                return;
            }
            sim.after(sim.dice.after(sim.parameters.delayNanos), () -> {
                if (sim.isTalkative()) {
                    sim.note(null, name + ": " + status + " " + result + " to " + this);
                }
                call.answered(number, status, result, hint);
            });
        }

        @Override
        public String toString() {
            return name + " #" + tag + " " + (call.input == null ? "open session" : call.input) + " (" + call.session
                    + ":" + call.sequence + ")";
        }
    }
}
