package dev.handover.replication.explorer;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.replication.explorer.Action.Budget;
import dev.handover.replication.explorer.Action.Kind;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Proposal;
import dev.handover.replication.protocol.ProtocolOptions;
import dev.handover.replication.protocol.RecoveredReplica;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;

/**
 * What can happen to a few replicas, and what comes of it. A state of the world is a row of numbers: of each node, of what is under way between each two, of what they share, and what is left of
 * each budget. Nodes, messages and the rest never change, so a state shares almost everything with the one before it.
 *
 * <p>Connections keep order. Nothing is compacted, so there are no snapshots; the state machine applies at once.
 */
final class World {
    private static final long TICK_NANOS = 150_000_000;
    private static final long WALL = 1_000;
    /** States with more than so much under way between two nodes are not looked at. */
    private static final int LONGEST_CHANNEL = 8;

    private static final byte[] NOTHING = {};
    private static final Budget[] BUDGETS = Budget.values();

    final int size;
    final ReplicaId[] ids;
    private final Automaton automaton;
    private final Interner<Node> nodes = new Interner<>();
    private final Interner<List<Integer>> channels = new Interner<>();
    private final Interner<Shared> shares = new Interner<>();
    /** Messages by number. */
    private final Interner<Dump.Key> messageKeys = new Interner<>();

    private final List<Message.OfCore> messages = new ArrayList<>();
    /** Those that were numbered already, since a step that is known gives the same objects again. */
    private final Map<Message.OfCore, Integer> messageNumbers = new IdentityHashMap<>();
    /** By sender and number of the message. */
    private final Map<Integer, Integer> arrivals = new HashMap<>();

    private final Rules rules;
    private final Log empty = Log.empty();
    /** Takes part in what is told of a step; null if nobody wants to know. */
    List<String> told;

    private int[] state;
    private Shared shared;

    World(int size, int minInSync, boolean comparing) {
        this.size = size;
        ids = new ReplicaId[size];
        for (int i = 0; i < size; i++) {
            ids[i] = new ReplicaId(NodeId.of(String.valueOf((char) ('a' + i))), new UUID(0xAL << 60 | i, 1));
        }
        automaton = new Automaton(
                ProtocolOptions.defaults()
                        .withDetection(Duration.ofMillis(100), Duration.ofMillis(300))
                        .withMinInSync(minInSync),
                comparing);
        rules = new Rules(this);
    }

    Automaton automaton() {
        return automaton;
    }

    // ---- states

    int[] initial() {
        int[] first = new int[size + size * size + 1 + BUDGETS.length];
        for (int i = 0; i < size; i++) {
            first[i] = nodes.number(Node.fresh(empty));
        }
        int none = channels.number(List.of());
        for (int i = 0; i < size * size; i++) {
            first[size + i] = none;
        }
        first[size + size * size] =
                shares.number(new Shared(List.of(), List.of(), empty, List.of(), Map.of(), Map.of()));
        return first;
    }

    Node node(int[] of, int index) {
        return nodes.value(of[index]);
    }

    List<Integer> channel(int[] of, int from, int to) {
        return channels.value(of[size + from * size + to]);
    }

    Shared shared(int[] of) {
        return shares.value(of[size + size * size]);
    }

    private int budgetAt(Budget budget) {
        return size + size * size + 1 + budget.ordinal();
    }

    int[] withBudget(int[] of, Budget budget, int amount) {
        int[] next = of.clone();
        next[budgetAt(budget)] = amount;
        return next;
    }

    String describe(int[] of) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < size; i++) {
            Node node = node(of, i);
            text.append(i == 0 ? "" : "; ").append(ids[i].node()).append(' ');
            if (node.runs()) {
                text.append(node.core().role)
                        .append(" epoch ")
                        .append(node.core().epoch)
                        .append(" log ")
                        .append(node.log())
                        .append(" durable ")
                        .append(node.disk().log().lastIndex())
                        .append(" commit ")
                        .append(node.core().commitIndex);
            } else {
                text.append("down, log ").append(node.disk().log());
            }
        }
        Shared common = shared(of);
        return text.append("; store ")
                .append(
                        common.newest() == null
                                ? "empty"
                                : brief(common.newest().configuration()))
                .append("; committed ")
                .append(common.committed())
                .toString();
    }

    private static String brief(Configuration configuration) {
        return "epoch " + configuration.epoch() + " " + configuration.leader().node() + " of "
                + configuration.inSync().stream().map(id -> id.node().value()).toList();
    }

    // ---- what can happen

    /** Everything that can happen next, budgets allowing. */
    List<Action> actions(int[] of) {
        List<Action> found = new ArrayList<>();
        Shared common = shared(of);
        for (int i = 0; i < size; i++) {
            Node node = node(of, i);
            if (!node.runs()) {
                found.add(new Action(Kind.START, i, 0));
            } else {
                ofProcess(of, found, i, node, common);
            }
        }
        for (int i = 0; i < common.requests().size(); i++) {
            found.add(new Action(Kind.CAS, 0, i));
            found.add(new Action(Kind.CAS_ANSWER_LOST, 0, i));
            found.add(new Action(Kind.CAS_LOST, 0, i));
            int asker = common.requests().get(i).node();
            if (node(of, asker).boot() == common.requests().get(i).boot()
                    && node(of, asker).runs()
                    && common.requests().get(i).boot() > 0) {
                found.add(new Action(Kind.CAS_LATE, 0, i));
            }
        }
        found.removeIf(action -> action.kind().costs != null && of[budgetAt(action.kind().costs)] == 0);
        return found;
    }

    private void ofProcess(int[] of, List<Action> found, int i, Node node, Shared common) {
        for (int peer = 0; peer < size; peer++) {
            if (peer == i) {
                continue;
            }
            if (!channel(of, peer, i).isEmpty()) {
                found.add(new Action(Kind.DELIVER, peer, i));
                found.add(new Action(Kind.LOSE, peer, i));
                found.add(new Action(Kind.DELIVER_TWICE, peer, i));
            }
            boolean there = node(of, peer).runs();
            if (node.believes(peer)) {
                found.add(new Action(there ? Kind.SUSPECT : Kind.NOTICE, i, peer));
            } else if (there) {
                found.add(new Action(Kind.RECONNECT, i, peer));
            }
            if (node.leads()) {
                found.add(new Action(Kind.TRANSFER, i, peer));
            }
        }
        if (!node.pending().isEmpty()) {
            found.add(new Action(Kind.PERSIST, i, 0));
            found.add(new Action(Kind.CRASH_AFTER_WRITE, i, 0));
        }
        found.add(new Action(Kind.CRASH, i, 0));
        if (node.answer() != null) {
            found.add(new Action(Kind.ANSWER, i, 0));
        }
        if (node.reading()) {
            found.add(new Action(Kind.READ_CONFIGURATION, i, 0));
        }
        if (node.seen() < common.stored().size()) {
            found.add(new Action(Kind.WATCH, i, 0));
        }
        found.add(new Action(Kind.TICK, i, 0));
        if (node.leads()) {
            found.add(new Action(Kind.COMMAND, i, 0));
            found.add(new Action(Kind.READ, i, 0));
        }
    }

    /** The state behind it; null if it is beyond what is looked at. */
    int[] next(int[] before, Action action) {
        state = before.clone();
        shared = shared(before);
        if (action.kind().costs != null) {
            state[budgetAt(action.kind().costs)]--;
        }
        try {
            perform(action);
        } catch (IllegalStateException
                | IllegalArgumentException
                | NullPointerException
                | IndexOutOfBoundsException bug) {
            throw new Violation("no exception", bug + " at " + bug.getStackTrace()[0]);
        }
        state[size + size * size] = shares.number(shared);
        for (int i = 0; i < size * size; i++) {
            if (channels.value(state[size + i]).size() > LONGEST_CHANNEL) {
                return null;
            }
        }
        return state;
    }

    private void perform(Action action) {
        int i = action.node();
        int other = action.other();
        switch (action.kind()) {
            case DELIVER -> receive(i, other, true);
            case DELIVER_TWICE -> receive(i, other, false);
            case LOSE -> take(i, other, true);
            case PERSIST -> persist(i);
            case CRASH -> crash(i, node(state, i).disk());
            case CRASH_AFTER_WRITE -> crash(i, node(state, i).written());
            case START -> start(i);
            case NOTICE, SUSPECT -> {
                put(i, node(state, i).believing(node(state, i).believed() & ~(1 << other)));
                step(i, new Event.PeerDisconnected(ids[other].node()));
                step(i, new Event.PeerRefused(ids[other].node()));
            }
            case RECONNECT -> connect(i, other);
            case CAS, CAS_ANSWER_LOST, CAS_LATE, CAS_LOST -> compareAndSet(action.kind(), other);
            case ANSWER -> {
                Node.Answer answer = node(state, i).answer();
                put(i, node(state, i).answered(null));
                step(i, answer.event());
            }
            case READ_CONFIGURATION -> {
                put(i, node(state, i).reading(false));
                step(i, new Event.ConfigurationRead(shared.newest()));
            }
            case WATCH -> {
                put(i, node(state, i).seen(shared.stored().size()));
                step(i, new Event.ConfigurationSeen(shared.newest()));
            }
            case TICK -> {
                put(i, node(state, i).clock(node(state, i).clock() + TICK_NANOS));
                step(i, new Event.Tick(node(state, i).clock(), WALL));
            }
            case COMMAND -> {
                long tag = state[budgetAt(Budget.COMMANDS)];
                step(i, new Event.Propose(List.of(new Proposal(tag, LogEntry.Kind.COMMAND, 0, 0, tag, NOTHING))));
            }
            case READ -> {
                long tag = state[budgetAt(Budget.READS)];
                shared = shared.arrived(tag);
                step(i, new Event.Read(List.of(tag)));
            }
            case TRANSFER -> step(i, new Event.Transfer(1, ids[other].node(), 4 * TICK_NANOS));
        }
    }

    private int take(int from, int to, boolean remove) {
        List<Integer> channel = channel(state, from, to);
        if (remove) {
            state[size + from * size + to] = channels.number(List.copyOf(channel.subList(1, channel.size())));
        }
        return channel.get(0);
    }

    private void receive(int from, int to, boolean once) {
        int message = take(from, to, once);
        int arrival = arrivals.computeIfAbsent(
                message << 4 | from, key -> automaton.number(new Event.Received(ids[from], messages.get(message))));
        step(to, arrival);
    }

    private void persist(int i) {
        Node node = node(state, i);
        long last = node.pending().get(node.pending().size() - 1).writeId();
        List<Effect.Fetch> due = node.fetches();
        put(i, node.persisted());
        rules.holdsEverything(shared, i, node(state, i));
        step(i, new Event.Persisted(last));
        due.forEach(fetch -> fetched(i, fetch));
    }

    private void fetched(int i, Effect.Fetch fetch) {
        List<LogEntry> found = node(state, i).disk().log().entries(fetch.fromIndex(), fetch.toIndex());
        step(i, new Event.Fetched(fetch.fetchId(), found));
    }

    private void crash(int i, Node.Disk left) {
        put(i, node(state, i).down(left));
        int none = channels.number(List.of());
        for (int peer = 0; peer < size; peer++) {
            state[size + peer * size + i] = none;
        }
        rules.holdsEverything(shared, i, node(state, i));
    }

    private void start(int i) {
        Node old = node(state, i);
        Node.Disk disk = new Node.Disk(
                old.disk().log(),
                old.disk().lineage(),
                old.disk().highestEpoch(),
                old.disk().boots() + 1);
        RecoveredReplica recovered = new RecoveredReplica(
                disk.lineage(),
                disk.highestEpoch(),
                disk.boots(),
                disk.log().lastIndex(),
                disk.log().epochs(),
                disk.log().last == null ? 0 : disk.log().last.timestamp());
        int boot = old.boot() + 1;
        put(
                i,
                new Node(
                        automaton.start(ids[i], recovered, boot),
                        boot,
                        disk,
                        disk.log(),
                        List.of(),
                        List.of(),
                        false,
                        null,
                        shared.stored().size(),
                        0,
                        0,
                        Node.Watched.started(disk.highestEpoch())));
        step(i, new Event.Start());
        put(i, node(state, i).reading(false));
        step(i, new Event.ConfigurationRead(shared.newest()));
        for (int peer = 0; peer < size; peer++) {
            if (peer != i && node(state, peer).runs()) {
                if (node(state, peer).believes(i)) {
                    step(peer, new Event.PeerDisconnected(ids[i].node()));
                }
                connect(peer, i);
                connect(i, peer);
            }
        }
    }

    private void connect(int i, int peer) {
        put(i, node(state, i).believing(node(state, i).believed() | 1 << peer));
        step(i, new Event.PeerConnected(ids[peer].node()));
    }

    private void compareAndSet(Kind how, int number) {
        Shared.Request request = shared.requests().get(number);
        if (how == Kind.CAS_LATE) { // from now on it belongs to nobody who waits
            shared = shared.without(number)
                    .asked(new Shared.Request(
                            request.node(), -request.boot(), request.expectedVersion(), request.next()));
        } else {
            shared = shared.without(number);
        }
        CasOutcome outcome = new CasOutcome.InDoubt("lost");
        if (how == Kind.CAS || how == Kind.CAS_ANSWER_LOST) {
            boolean fits = request.expectedVersion() == shared.version();
            if (fits) {
                rules.storing(shared, request.next());
                shared = shared.stores(new Shared.Request(request.node(), Math.abs(request.boot()), 0, request.next()));
                for (int i = 0; i < size; i++) {
                    rules.holdsEverything(shared, i, node(state, i));
                }
                tell("    stored: " + brief(request.next()) + " ("
                        + request.next().reason() + ")");
            } else {
                tell("    refused: the version is another one");
            }
            if (how == Kind.CAS) {
                outcome = fits ? new CasOutcome.Applied(shared.newest()) : new CasOutcome.Conflict(shared.newest());
            }
        }
        Node asker = node(state, request.node());
        if (asker.runs() && asker.boot() == request.boot()) {
            put(request.node(), asker.answered(new Node.Answer(request.next().nonce(), outcome)));
        }
    }

    // ---- a step of a core

    private void put(int i, Node node) {
        state[i] = nodes.number(node);
    }

    private void tell(String line) {
        if (told != null) {
            told.add(line);
        }
    }

    private void step(int i, Event event) {
        step(i, automaton.number(event));
    }

    private void step(int i, int number) {
        Event event = automaton.event(number);
        Node node = node(state, i);
        if (!node.runs()) {
            return;
        }
        if (told != null) {
            tell("  " + ids[i].node() + " <- " + text(event));
        }
        Node.Watched watched = rules.before(node.watched(), event);
        Automaton.Step step = automaton.step(node.core(), number);
        Automaton.State core = step.next();
        Log log = node.log();
        List<Node.Pending> pending = node.pending();
        for (Effect effect : step.effects()) {
            if (effect instanceof Effect.Write write) {
                pending = new ArrayList<>(pending);
                Node.Disk disk = pending.isEmpty()
                        ? node.disk()
                        : pending.get(pending.size() - 1).after();
                if (write instanceof Effect.WriteEntries entries) {
                    for (LogEntry entry : entries.entries()) {
                        log = log.append(entry);
                        if (entry.kind() == LogEntry.Kind.BARRIER && core.role.leads()) {
                            watched = watched.barrier(entry.index(), false);
                        }
                    }
                    rules.appended(shared, state, i, log);
                    disk = new Node.Disk(log, disk.lineage(), disk.highestEpoch(), disk.boots());
                } else if (write instanceof Effect.TruncateLog truncate) {
                    rules.truncating(shared, i, core, event, log, truncate.fromIndex());
                    log = log.upTo(truncate.fromIndex() - 1);
                    disk = new Node.Disk(log, disk.lineage(), disk.highestEpoch(), disk.boots());
                } else if (write instanceof Effect.WriteState small) {
                    disk = new Node.Disk(disk.log(), small.lineage(), small.highestEpoch(), disk.boots());
                } else {
                    throw new IllegalStateException("not in this world: " + write);
                }
                pending.add(new Node.Pending(write.writeId(), disk));
            }
        }
        Node after = node.with(core, log, pending, watched);
        after = after.with(rules.after(shared, i, node, after));
        if (core.commitIndex != node.core().commitIndex) {
            shared = rules.committed(shared, state, i, node, after);
        }
        put(i, after);
        for (Effect effect : step.effects()) {
            if (told != null && !(effect instanceof Effect.StatusChanged) && !(effect instanceof Effect.Apply)) {
                tell("    " + text(effect));
            }
            perform(i, effect);
        }
    }

    private void perform(int i, Effect effect) {
        Node node = node(state, i);
        if (effect instanceof Effect.Send send) {
            shared = rules.sending(shared, i, node, send.message());
            send(i, send);
        } else if (effect instanceof Effect.Write) {
            if (node.leads() && shared.leaders().containsKey(node.core().epoch)) {
                shared = shared.leads(node.core().epoch, node.log());
            }
        } else if (effect instanceof Effect.CompareAndSet cas) {
            put(i, node.with(rules.proposing(shared, i, node, cas.next())));
            shared = shared.asked(new Shared.Request(i, node.boot(), cas.expectedVersion(), cas.next()));
        } else if (effect instanceof Effect.ReadConfiguration) {
            put(i, node.reading(true));
        } else if (effect instanceof Effect.RecordBoot record) {
            step(i, new Event.BootRecorded(record.bootCounter() - 1));
        } else if (effect instanceof Effect.Fetch fetch) {
            if (node.pending().isEmpty()) {
                fetched(i, fetch);
            } else {
                put(i, node.fetching(fetch));
            }
        } else if (effect instanceof Effect.Apply apply) {
            put(i, node.with(rules.applying(shared, i, node, apply.entries())));
            step(
                    i,
                    new Event.Applied(
                            apply.entries().get(apply.entries().size() - 1).index()));
        } else if (effect instanceof Effect.ReadReady ready) {
            rules.confirming(shared, i, node, ready);
        } else if (effect instanceof Effect.Transfer transfer) {
            put(i, node.with(rules.transferring(node, ids[i], transfer)));
        } else if (effect instanceof Effect.Faulted faulted) {
            throw new Violation("no fault without a cause", ids[i].node() + " has faulted: " + faulted.reason());
        } else if (!(effect instanceof Effect.StatusChanged
                || effect instanceof Effect.TakeOver
                || effect instanceof Effect.Accepted
                || effect instanceof Effect.Rejected
                || effect instanceof Effect.ReadFailed
                || effect instanceof Effect.LeaseDropped)) {
            throw new IllegalStateException("not in this world: " + effect);
        }
    }

    private void send(int from, Effect.Send send) {
        int to = send.to().value().charAt(0) - 'a';
        if (!node(state, to).runs()) {
            return;
        }
        int number = messageNumbers.computeIfAbsent(send.message(), this::number);
        List<Integer> more = new ArrayList<>(channel(state, from, to));
        more.add(number);
        state[size + from * size + to] = channels.number(List.copyOf(more));
    }

    /** In words. */
    String name(int[] of, Action action) {
        String node = ids[action.node()].node().value();
        String what = action.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        return switch (action.kind()) {
            case DELIVER, DELIVER_TWICE, LOSE ->
                what + " " + node + " -> " + ids[action.other()].node() + " "
                        + text(messages.get(
                                channel(of, action.node(), action.other()).get(0)));
            case NOTICE, SUSPECT, RECONNECT, TRANSFER -> node + " " + what + " " + ids[action.other()].node();
            case CAS, CAS_ANSWER_LOST, CAS_LATE, CAS_LOST ->
                what + " of " + ids[shared(of).requests().get(action.other()).node()].node() + ": "
                        + brief(shared(of).requests().get(action.other()).next());
            default -> node + " " + what;
        };
    }

    private int number(Message.OfCore message) {
        int number = messageKeys.number(Dump.of(message));
        if (number == messages.size()) {
            messages.add(message);
        }
        return number;
    }

    /** Short. */
    String text(Object what) {
        String text = String.valueOf(what);
        for (ReplicaId id : ids) {
            text = text.replace(id.toString(), id.node().value());
        }
        return text.replaceAll("lineage=[-0-9a-f]+, ", "")
                .replaceAll("nonce=[-0-9a-f]+, ", "")
                .replaceAll("minInSync=\\d+, featureLevel=\\d+, ", "");
    }
}
